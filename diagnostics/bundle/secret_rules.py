"""Where a secret stands and what it looks like: the table that `redact` goes through, one rule
after the other.

Nobody can know every secret by its looks. So a rule either knows where one stands (behind
`password=`, in a URL, in a header, behind an option) or how it looks (a vendor's prefix, a word
that dice made). It takes the secret only, not the sentence around it. Patterns over host text are
RE2's, which takes linear time whatever the text is; what `re` does here is anchored or over one
short word.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import NamedTuple

from diagnostics.bundle.secret_places import (
    Place,
    is_address,
    is_group,
    is_made_by_people,
    is_name,
    is_no_base64,
    is_no_card,
    is_not_alone,
    is_nothing,
    is_option,
    is_ordinary_value,
    is_ordinary_word,
    is_prose,
    is_said_of_auth,
    is_said_of_token,
    is_sentence,
    is_sentence_of_words,
)
from diagnostics.bundle.secret_words import (
    CLOSED,
    IN_WORDS,
    IS,
    KEY,
    KEY_ENDS,
    LONG,
    OF,
    PHRASE,
    PREFIXES,
    SHORT,
    STRONG_KEY,
    TOKENS,
    UNSPACED,
    WEAK,
    WEAK_ALONE,
)
from diagnostics.bundle.word_shape import LEAST_PART


def _never(_place: Place) -> bool:
    return False


class Rule(NamedTuple):
    """`pattern` is RE2's. Its first group goes; where it has none, the quoted text or the word
    behind the match. Unless it `stays`.

    A rule `by_looks` goes by a word's looks, which what stands around it can only excuse: a word
    that `stays` with no more around it than the next blanks stays in every text. Its pattern is one
    group without a blank in it, which fits somewhere in nearly every line. `re` takes linear time
    for it, too, and finds a word in a tenth of RE2's time.
    """

    name: str
    pattern: str
    stays: Callable[[Place], bool] = _never
    by_looks: bool = False
    signs: tuple[str, ...] = ()


LEAST_LOOKED_AT = 11  # characters of a word that a rule by looks may take

# -- signs ----------------------------------------------------------------------------------------

MANY_LINES = "-----BEGIN"  # sign of the one rule that matches over more than two lines
_COMMAND = r"[^\n|;&]*?[ \t]"  # the words up to an option
_STAMP = (  # time and level in front of a line
    r"(?:(?:[\[(]?\d[\d:.,TZ+/-]*[\])]?|\[[^\]\n]*\]|[A-Z]{4,5}:?)[ \t]+)*"
)
_ANY_KEY = rf"(?:{STRONG_KEY}|{TOKENS}|(?i:{PHRASE}))"
_OPENED = r"[\\\"'`{\[(]"  # a value that may have blanks in it
_ENDS_LINE = rf"{CLOSED}(?:[ \t][^\n:=]{{0,40}})?[:=]?[ \t]*[|>]?[+-]?[\"']?[ \t]*\n[ \t]*{_STAMP}"
_BEHIND_KEY = (
    IS,
    rf"(?:{IN_WORDS}|\()(?:[\"'`]|\S*\pN|{_OPENED}[^\n]*\pN)",
    rf"{_ENDS_LINE}(?:[\\\"'`]|\S+[ \t]*$)",
    r"[^<>\n]*>[^<\n]+</",
)
_KEYED = rf"{KEY_ENDS}(?:{'|'.join(_BEHIND_KEY)})"
_WEAK = (
    rf"(?i:{WEAK_ALONE}|[_-]key"
    rf"|(?:pass(?:word|wd|phrase)?|pwd|secret|token)(?:_[a-z0-9]+)+){IS}"
)
_IN_URL = r":[^\s\"'<>]*@"
_COUNTED = "\\"  # so begins a prefix that says how many letters or digits there are
_PREFIXED = (  # where so many letters or digits stand before one, without these
    rf"(?:^|\W)(?:{'|'.join(prefix for prefix in PREFIXES if prefix[0] != _COUNTED)})",
    *(prefix.partition("}")[2] for prefix in PREFIXES if prefix[0] == _COUNTED),
)
# Of a word by its looks: letters of both cases and a digit, padding behind letters of both cases,
# or a part that is long. What `is_made_up` takes has one of them
_OF_WORD = "[A-Za-z0-9+/_-]*"
_MIXED = "|".join(_OF_WORD.join(three) for three in permutations(("[a-z]", "[A-Z]", "[0-9]")))
_PADDED = "|".join(_OF_WORD.join((*two, "=")) for two in permutations(("[a-z]", "[A-Z]")))
_LOOKS = rf"{_MIXED}|{_PADDED}|[A-Za-z0-9]{{{LEAST_PART}}}"

# -- rules ----------------------------------------------------------------------------------------

_BREAK = r"(?:\s|\\r|\\n)"  # of a line, also as JSON has it
RULES = (
    Rule(
        "card", r"\b(\d(?:[ -]?\d){12,18})\b", is_no_card, signs=(r"\d(?:[ -]?\d){12}",)
    ),  # first: behind a key word only its first digits would go
    Rule(
        "private key",
        (
            rf"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----((?:{_BREAK}*[A-Za-z0-9+/=]{{16,}})+"
            rf"(?:{_BREAK}*[A-Za-z0-9+/=]+{_BREAK}*-----END)?)"
        ),
        signs=(MANY_LINES,),
    ),
    Rule(
        "password in URL",
        (
            r"://[^\s:@/?#\"'<>]*:(\d*[^\s\d\"'<>/?][^\s\"'<>?]*|[^\s\"'<>/?#]+"
            r"|\d*[^\s\d\"'<>/][^\s\"'<>]*)@"
        ),
        is_nothing,
        signs=(_IN_URL,),
    ),
    Rule("key in URL", r"://([^\s:@/?#\"'<>]{20,})@", is_name, signs=(_IN_URL,)),
    Rule(
        "password before host",
        (
            r"\b[A-Za-z][\w.-]*:(?:([^\s@\"'<>]+)@(?:tcp|unix)\("
            r"|([^\s:@/\"'<>]+)@[\w.-]+(?:[(:/\s]|$))"
        ),
        is_address,
        signs=(_IN_URL,),
    ),
    Rule(
        "webhook",
        (
            r"(?:hooks\.slack\.com/[a-z]+/|discord(?:app)?\.com/api/webhooks/"
            r"|webhook\.office\.com/webhookb2/|api\.telegram\.org/bot)([^\s\"'<>]+)"
        ),
        signs=(r"(?:hooks\.slack|webhook\.office)\.com/|/api/webhooks/|api\.telegram\.org/",),
    ),
    Rule("prefix", rf"\b({'|'.join(PREFIXES)})", signs=_PREFIXED),
    Rule(
        "hash of a password",
        r"(\$(?:1|2[abxy]?|5|6|7|g?y|apr1|argon2\w{1,2})\$[\w./$,=+-]{8,})",
        signs=(r"\$(?:1|2[abxy]?|5|6|7|g?y|apr1|argon2\w{1,2})\$",),
    ),
    Rule(
        "authorization",
        r"(?i)\bauthorization[\"'\\]*[ \t]*[:=][ \t]*[\"'\\]*"
        r"(?:(?:basic|bearer|token|digest|negotiate|ntlm|api-?key|aws4-hmac-sha256|oauth|splunk"
        r"|key)[ \t]+)?",
        is_sentence,
        signs=(r"(?i)authorization[\"'\\]*[ \t]*[:=]",),
    ),
    Rule(
        "scheme",
        r"(?i)\b(?:bearer|basic|negotiate)[ \t]*:?[ \t]+",
        is_prose,
        signs=(rf"(?i)(?:bearer|basic|negotiate)[ \t]*:?[ \t]+(?:{_OPENED}|\S{{8}})",),
    ),
    Rule(
        "cookie",
        (
            r"(?i)\bcookie2?[\"']?[ \t]*[:=][ \t]*[\"']?([^\s=;,\"']+=[^\s;\"']*"
            r"(?:;[ \t]*[^\s=;,\"']+(?:=[^\s;\"']*)?)*)"
        ),
        signs=(r"(?i)cookie2?[\"']?[ \t]*[:=]",),
    ),
    Rule(
        "element",
        rf"<[\w.:-]*(?:{STRONG_KEY}|{TOKENS})[^<>\n]*>([^<\n]+)</",
        is_nothing,
        signs=(_KEYED,),
    ),
    Rule(
        "option",
        rf"(?:^|[\s\"'\[(])--?[\w-]*(?:{STRONG_KEY}|{TOKENS})[\"']?,?[ \t]+",
        is_option,
        signs=(rf"-[\w-]*{KEY_ENDS}[\"']?,?[ \t]+[^\s-]",),
    ),
    Rule(
        "mysql -p",
        rf"\b(?:mysql\w*|mariadb[\w-]*|7z[ar]?){_COMMAND}-p",
        is_nothing,
        signs=(r"(?:mysql|mariadb|7z)[^\n|;&]*[ \t]-p",),
    ),
    Rule(
        "client -p",
        rf"\b(?:(?:sshpass|mongo\w*){_COMMAND}-p|(?:docker|podman|nerdctl|buildah|skopeo|helm"
        rf"|az)[^\n|;&]*\blogin\b{_COMMAND}-p"
        rf"|cqlsh{_COMMAND}-p|(?:sqlcmd|bcp|unzip|ipmitool|mosquitto_\w+){_COMMAND}-P"
        rf"|\w*freerdp\w*{_COMMAND}/p:"
        rf"|ldap[a-z]+{_COMMAND}-w|redis-cli{_COMMAND}-a|snmp[a-z]+{_COMMAND}-c"
        rf"|openssl{_COMMAND}-pass\w*[ \t]pass:)[ \t]*",
        is_option,
        signs=(
            r"(?:sshpass|mongo|cqlsh|login)[^\n|;&]*[ \t]-p",
            r"(?:sqlcmd|bcp|unzip|ipmitool|mosquitto_)[^\n|;&]*[ \t]-P",
            r"freerdp[^\n|;&]*[ \t]/p:|ldap[a-z][^\n|;&]*[ \t]-w|redis-cli[^\n|;&]*[ \t]-a",
            r"snmp[a-z][^\n|;&]*[ \t]-c|openssl[^\n|;&]*[ \t]-pass",
        ),
    ),
    Rule(
        "-u user:password",
        r"(?:^|[ \t\"'])(?:-[uU]|--user|--proxy-user)[ \t=]*"
        r"(?:\"[^\s:%\"=/]+[:%]([^\"\n]+)\"|'[^\s:%'=/]+[:%]([^'\n]+)'"
        r"|[\"']?[^\s:%\"'=/]+[:%]([^\s\"']+))",
        is_group,
        signs=(r"(?:^|[ \t\"'])(?:-[uU]|--(?:proxy-)?user)[ \t=]*[^\s:%=/]+[:%]",),
    ),
    Rule(
        "user and password",
        (
            r"(?i)auth[\"']?[ \t]*[=:]?[ \t]*[(\[][ \t]*(?:\"[^\"\n]*\""
            r"|'[^'\n]*'),[ \t]*(?:\"([^\"\n]+)\"|'([^'\n]+)')"
        ),
        is_nothing,
        signs=(r"(?i)auth[\"']?[ \t]*[=:]?[ \t]*[(\[]",),
    ),
    Rule(
        "htpasswd -b",
        r"\bhtpasswd[ \t]+-\w*b\w*[ \t]+\S+[ \t]+\S+[ \t]+",
        signs=(r"htpasswd[ \t]+-",),
    ),
    Rule(
        "sqlplus",
        (
            r"\b(?:sqlplus|expdp|impdp|sqlldr|rman)[ \t][^\n|;&/]*?[\w.$-]+/(?:([^\s\"']+)@"
            r"|([^\s\"'/@]+)(?:\s|$))"
        ),
        signs=(r"(?:sqlplus|expdp|impdp|sqlldr|rman)[ \t]",),
    ),
    Rule(
        "echo to sudo",
        (
            r"\becho[ \t]+(?:-\w+[ \t]+)*[\"']?([^\"'\s|][^\"'\n"
            r"|]*?)[\"']?[ \t]*\|[ \t]*sudo[ \t]+[^\n|]*-\w*S"
        ),
        signs=(r"\|[ \t]*sudo[ \t]",),
    ),
    Rule(
        "echo to chpasswd",
        r"\becho[ \t][^\n|:]*:([^\n|\"']+?)[\"']?[ \t]*\|[^\n|]*\bchpasswd\b",
        signs=("chpasswd",),
    ),
    Rule(
        "IMAP's LOGIN",
        r"\b[A-Za-z]{0,4}\d{1,6}[ \t]+LOGIN[ \t]+\S+[ \t]+",
        signs=(r"\d[ \t]+LOGIN[ \t]",),
    ),
    Rule(
        "AUTH of Redis",
        r"\bAUTH[ \t]+([^\s\"']+(?:[ \t]+[^\s\"']+)?)[ \t]*$",
        is_said_of_auth,
        signs=(r"AUTH[ \t]",),
    ),
    Rule(
        "setting behind a blank",
        r"\b(?:requirepass|masterauth|masterpass)[ \t]+",
        is_sentence,
        signs=(r"(?:requirepass|masterauth|masterpass)[ \t]",),
    ),
    Rule(
        "phrase",
        (
            rf"(?im)(?:{PHRASE}){CLOSED}{OF}(?:[ \t]*[:=][ \t]*\n?|[ \t]*\n)[ \t]*([^\s\d:=,;\"]+"
            rf"(?:[ -][^\s\d:=,;\"]+){{2,23}})[ \t]*$"
        ),
        is_sentence_of_words,
        signs=(rf"(?i:{PHRASE}){CLOSED}{OF}[ \t]*[:=\n]",),
    ),
    Rule(
        "line behind a key word",
        rf"{_ANY_KEY}{_ENDS_LINE}",
        is_not_alone,
        signs=(_KEYED,),
    ),
    Rule("password", rf"{STRONG_KEY}{IS}", is_sentence, signs=(_KEYED,)),
    Rule(
        "password of no blanks",
        rf"(?:{UNSPACED})[ \t:=は是为為는은이가]*([!-~]{{4,}})",
        is_sentence,
        signs=(rf"(?:{UNSPACED})",),
    ),
    Rule("token", rf"{TOKENS}{IS}", is_said_of_token, signs=(_KEYED,)),
    Rule("weak key", rf"(?i:{WEAK}){IS}", is_ordinary_value, signs=(_WEAK,)),
    Rule(
        "query",
        (
            r"(?i)[?&](?:key|code|ticket|assertion|x-amz-(?:signature|credential)"
            r"|sig)=([^\s&\"'<>]{4,})"
        ),
        is_nothing,
        signs=(r"(?i)[?&](?:key|code|ticket|assertion|x-amz-(?:signature|credential)|sig)=",),
    ),
    Rule(
        "quoted password",
        (
            rf"(?i)(?:{LONG}|{KEY}|\bidentified by|{SHORT})(?:{IN_WORDS}|\()(?:\"([^\"\n]+)\""
            r"|'([^'\n]+)'|`([^`\n]+)`)"
        ),
        is_nothing,
        signs=(
            _KEYED,
            r"(?i)identified by",
        ),
    ),
    Rule(
        "word behind a key word",
        rf"{_ANY_KEY}(?:{IN_WORDS}|\(([^\s()\"']{{1,100}})\))",
        is_ordinary_word,
        signs=(_KEYED,),
    ),
    Rule("base 64", r"([A-Za-z0-9+/]{16,}={0,2})", is_no_base64, by_looks=True, signs=(_LOOKS,)),
    Rule(
        "made by dice",
        rf"([A-Za-z0-9][A-Za-z0-9+_-]{{{LEAST_LOOKED_AT - 1},}}={{0,2}})",
        is_made_by_people,
        by_looks=True,
        signs=(_LOOKS,),
    ),
)
