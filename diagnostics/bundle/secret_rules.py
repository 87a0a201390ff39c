"""Where a secret stands and what it looks like: the table that `redact` goes through, one rule after the other.

Nobody can know every secret by its looks. So a rule either knows where one stands (behind `password=`, in a URL, in a header, behind an
option) or how it looks (a vendor's prefix, a word that dice made). It takes the secret only, not the sentence around it.
Patterns over host text are RE2's, which takes linear time whatever the text is; what `re` does here is anchored or over one short word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from diagnostics.bundle.word_shape import is_card, is_made_up, is_path_or_host, is_plain

_SEEN = 60  # characters around a place


class Place(NamedTuple):
    """What would go, and at most 60 characters in front of it and behind it."""

    before: str
    value: str
    after: str

    @classmethod
    def of(cls, text: str, start: int, end: int) -> Place:
        return cls(text[max(0, start - _SEEN) : start], text[start:end], text[end : end + _SEEN])


def _never(_place: Place) -> bool:
    return False


class Rule(NamedTuple):
    """`pattern` is RE2's. Its first group goes; where it has none, the quoted text or the word behind the match. Unless it `stays`.

    A rule `by_looks` goes by a word's looks, which what stands around it can only excuse: a word that `stays` with no more around it than
    the next blanks stays in every text. Its pattern is one group without a blank in it, which fits somewhere in nearly every line. `re`
    takes linear time for it, too, and finds a word in a tenth of RE2's time.
    """

    name: str
    pattern: str
    stays: Callable[[Place], bool] = _never
    by_looks: bool = False


# -- key words --------------------------------------------------------------------------------------------------------------------

# Whatever letters stand before them: dbpassword, PGPASSWORD. With and without the marks that people leave out
_LONG = (
    r"pass(?:[_ -]?word|wd|wrd|wort|[_ -]?phrase|[_-]?code|[_-]?key)|kennwort|contrase(?:ñ|n)a|senha|mot[ _-]?de[ _-]?passe|wachtwoord"
    r"|l(?:ö|o)senord|adgangskode|passord|salasana|has(?:ł|l)o|heslo|jelsz(?:ó|o)|(?:ş|s)ifre|парол(?:ь|я|ю|ем)"
    r"|κωδικός|κωδικος|m(?:ậ|a)t kh(?:ẩ|a)u|kata sandi|كلمة المرور|סיסמה|पासवर्ड|รหัสผ่าน"
)
_UNSPACED = r"パスワード|暗証番号|密码|密碼|口令|비밀번호"  # no blank behind them
_KEY = (
    r"(?:api|app|access|account|secret|private|encrypt(?:ion)?|decryption|signing|master|shared|storage|service|licen[cs]e|client|jwt|hmac"
    r"|aes|session|deploy|webhook|subscription|recovery|auth|unseal)[ _.-]?key|sharedaccess(?:key|signature)|secret[_-]?key[_-]?base"
    r"|(?:verification|security|one[ -]time|login|reset|2fa|mfa)[ _-]code"
)
_MIDDLE = r"token|secret|токен|令牌|密钥|密鑰|秘密鍵"
_SHORT = (  # bypass and compass end in one of them
    r"(?:\b|_|\d)(?:(?:root|admin|login|user|db|sql|bind|smtp|mail|ftp|ssh|web|my|new|old)?(?:pass|pwd?)"
    r"|(?:require|master|store|key)pass|masterauth|psk|mdp|clave|parola|otp|totp)"
)
_CAMEL = r"[a-z](?:Pass|Pwd|Pw|Psk|Otp)|[A-Z]{2}PASS"
_WEAK = (  # they have other meanings, too
    r"(?:\b|_|\d)(?:auth|sid|ssid|connect\.sid|(?:php|j)?sess(?:ion)?(?:_?id)?|sig|signature|pin|cvv2?|creds?|credentials?|jwt|[a-z0-9]{1,30}[_-]key"
    r"|(?:[a-z0-9]{1,20}_){0,4}(?:pass(?:word|wd|phrase)?|pwd|secret|token)(?:_[a-z0-9]{1,20}){1,4})"
)
_PHRASE = r"pass[_ -]?phrase|mnemonic|(?:seed|recovery|backup)[_ -](?:phrase|words)"
_PART = (
    r"(?i:[ _.-]?\d{1,2}|[_.-]?(?:hash|hex|b64|base64|value|text|plain|raw)|\[[^\]\n]{1,40}\]|\([^)\n]{1,40}\)"
    r"|[_.-](?:old|new|current|prod(?:uction)?|dev|test|qa|stag(?:e|ing)|live|main|primary|replica|backup|root|admin|confirm(?:ation)?)){0,2}"
)
_CLOSED = r"[\\\"'`\])]{0,6}"
_STRONG_KEY = rf"(?:(?i:{_LONG}|{_KEY}|{_UNSPACED}|{_SHORT})|{_CAMEL})"
_TOKENS = rf"(?i:{_MIDDLE})"
_OF = r"(?:[ \t]+(?i:for|of|für|von|de|para|для)(?:[ \t]+[^\s:=]{1,60}){1,4})?"
_WRITTEN_EQUALS = (
    r"%3[aAdD]|\\{1,4}(?:u00|x)3[aAdD]|&#(?:6[01]|58|x3[aAdD]);"  # in URLs, JSON and HTML
)
_IS = rf"{_PART}{_CLOSED}{_OF}[ \t]*(?:=>|->|→|:=|==?|(?i:(?:is|ist|est|es)[ \t]*)?:|{_WRITTEN_EQUALS})[ \t]*"
_IN_WORDS = rf"{_OF}[ \t]+(?:(?i:is|was|to|set to|ist|est|es|é)[ \t]+)?"
ALIKE = (
    (_LONG, _MIDDLE, _PHRASE),
    (_WEAK,),
)  # patterns with one of the same parts have much in common
KEY_WORDS = rf"{_STRONG_KEY}|{_TOKENS}|(?i:{_PHRASE}|authorization|bearer|cookie)"


# -- what stays -------------------------------------------------------------------------------------------------------------------

_NOTHING = re.compile(
    r"[*.…\[\]<>_-]*|\W?(?:null|none|nil|true|false|yes|no|undefined|redacted|masked|hidden|removed|x{3,20})\W?"
    r"|\$?\{{1,2}[\w .]{1,60}\}{0,2}|\$\([\w .]{1,60}\)?|<[a-z _-]{1,60}>?|%[sdv]|[|>][+-]?",
    re.IGNORECASE,
)
# What a sentence goes on with behind `password:`; nobody's password, one hopes
_WORDS = (
    "a an and any are authentication authorization bad badness be because blank but by can cannot can't changed check contains context"
    " could denied does doesn't empty error expected expired failed failure file for forbidden from had has have hidden if illegal in"
    " incorrect invalid is it its length less login malformed mismatch missing must never no none not null of on only or permission please"
    " provided read refused rejected required see set should signature the there this timeout timed to too unable unauthorized undefined"
    " unexpected unknown unset updated user using value was were when while with without wrong you your"
)
_SENTENCE = frozenset(_WORDS.split())
_OF_WHOM = re.compile(
    r"(token|secret)?[ \t]+(?:for|of)(?:[ \t]+[^\s:=]+){2,4}[ \t]*:[ \t]+$", re.IGNORECASE
)


def _is_nothing(place: Place) -> bool:
    """It says that there is none, or that it was taken out: null, ***, ${DB_LONG}."""
    return _NOTHING.fullmatch(place.value) is not None


def _is_quoted(place: Place) -> bool:
    return place.before[-1:] in ("'", '"', "`")


def _is_sentence(place: Place) -> bool:
    """`password: must not be empty`, a path of a file with one. What is quoted is a value. PWD=/root is sudo's, pass: 12 a test's."""
    if _is_nothing(place):
        return True
    if _is_quoted(place):
        return False
    of_pwd = place.value.startswith("/") and re.search(r"(?i)pwd\W*$", place.before)
    of_tests = re.fullmatch(r"\d{1,3}", place.value) and re.search(
        r"(?i)(?:pass|otp|pw)\W*$", place.before
    )
    of_files = (
        place.value.count("/") > 1 and place.value.startswith("/") and is_path_or_host(place.value)
    )
    in_words = place.before[-1:] == " " and place.value.lower().rstrip(".,;:!?") in _SENTENCE
    return bool(of_pwd or of_tests or of_files or in_words or _goes_on_of_whom(place))


def _goes_on_of_whom(place: Place) -> bool:
    """`no password for user joe at db1: connection refused`, `secret for pod web1: NotFound`."""
    if not is_plain(place.value) or (of_whom := _OF_WHOM.search(place.before)) is None:
        return False
    return re.match(r" \w", place.after) is not None or of_whom[1] is not None


def _is_said_of_token(place: Place) -> bool:
    """`unexpected token: foo`, `token: a sentence on one`; behind `=` stands a value."""
    if _is_sentence(place) or _is_quoted(place):
        return _is_sentence(place)
    unexpected = re.search(
        r"(?i)(?:unexpected|illegal|next|expected|near)[ _]\w+\W*$", place.before
    )
    goes_on = place.before[-1:] == " " and is_plain(place.value) and re.match(r" \w", place.after)
    return bool(unexpected or goes_on)


_COUNTS = re.compile(
    r"(?i)(?:\bsid|\bsession(?:_?id)?|_(?:ttl|m?s|sec(?:ond)?s|minutes|hours|days|len(?:gth)?|limit|count|max|min|size|bytes|time(?:out)?"
    r"|expir(?:y|ation|es(?:_(?:at|in))?)|interval|retries|port|id))\W*$"
)


def _is_ordinary_value(place: Place) -> bool:
    """Behind a word of many meanings, a word, a short number, a path or a host is no secret; sessions and limits have numbers."""
    counts = place.value.isdigit() and _COUNTS.search(place.before) is not None
    return (
        counts
        or _is_sentence(place)
        or len(place.value) < 5 - place.value.isdigit()
        or is_plain(place.value)
        or is_path_or_host(place.value)
    )


def _is_ordinary_word(place: Place) -> bool:
    """Behind a blank only what has letters and digits is taken, if it is no name with a number: token v2beta1, password sha256."""
    word = place.value
    if len(word) < 6 or not any(map(str.isdigit, word)) or not any(map(str.isalpha, word)):
        return True
    named = re.fullmatch(
        r"(?:sha|md|v|aes|rsa|utf|http|log|oauth|attempt)[-_]?\d{1,4}\w*|[a-z0-9]+(?:[-_./:][a-z0-9]+)+",
        word,
    )
    in_code = (
        place.before[-1:] == "("
        and re.fullmatch(r"[\w$]+\.\w+:\d+|\w+", word) is not None
        and word[0].isupper()
    )
    return bool(named) or in_code or is_path_or_host(word)


def _is_prose(place: Place) -> bool:
    """`Bearer token expired`, `basic auth failed`."""
    return (
        _is_nothing(place)
        or is_plain(place.value)
        or is_path_or_host(place.value)
        or len(place.value) < 8
        or place.value.startswith("realm=")
    )


def _is_address(place: Place) -> bool:
    """mailto:joe@example.com, nginx:1.25@sha256:…"""
    return (
        place.after.startswith("@sha256:")
        or re.search(r"(?i)\b(?:mailto|from|to|user|git):$", place.before) is not None
    )


def _is_group(place: Place) -> bool:
    """`-u 1000:1000` and `-u www-data:www-data` are a user and a group."""
    return (
        place.value.isdigit() and re.search(r"[ =\"']\d+:$", place.before) is not None
    ) or re.search(rf"[ =\"']{re.escape(place.value)}:$", place.before) is not None


def _is_option(place: Place) -> bool:
    return _is_nothing(place) or place.value.startswith("-")


_ENDS_LINE = re.compile(r"[\"']?[ \t]*(?:\n|$)")


def _is_not_alone(place: Place) -> bool:
    """Only a word that is the whole rest of its line; without a `:` on the line above no plain word."""
    if len(place.value) < 4 or not _ENDS_LINE.match(place.after):
        return True
    in_words = re.search(
        r"[:=][ \t]*[|>]?[+-]?[\"']?[ \t]*\n[^\n]*$", place.before
    ) is None and is_plain(place.value)
    return (
        in_words
        or place.value.lower() in _SENTENCE
        or re.match(r"[{\[(].*[\s\"]", place.value) is not None
    )


def _is_sentence_of_words(place: Place) -> bool:
    return place.value.partition(" ")[0].lower() in _SENTENCE


def _is_no_card(place: Place) -> bool:
    return not is_card(place.value)


def _is_no_base64(place: Place) -> bool:
    return not ("/" in place.value or "+" in place.value) or _is_made_by_people(place)


def _is_made_by_people(place: Place) -> bool:
    """Or by systemd: what stands in front of `.scope` names a container, a pod or a session."""
    return (
        not is_made_up(place.value, place.before)
        or re.match(r"\.(?:scope|slice|service|mount)\b", place.after) is not None
    )


def _is_name(place: Place) -> bool:
    """Of a user, in front of the host in a URL."""
    return not is_made_up(place.value, "")


def _is_said_of_auth(place: Place) -> bool:
    """`AUTH failed`, `AUTH PLAIN`: what a mail server offers."""
    word = place.value.split()[0]
    return _is_sentence(place._replace(before=" ", value=word)) or word in (
        "PLAIN",
        "LOGIN",
        "NTLM",
        "GSSAPI",
        "XOAUTH2",
    )


# -- prefixes by which vendors make their secrets known ---------------------------------------------------------------------------

PREFIXES = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}",  # AWS
    r"gh[oprsu]_\w{16,}",
    r"github_pat_\w{16,}",
    r"gl[a-z]{2,5}-[\w-]{16,}",  # GitLab: glpat-, gldt-, glrt-, glsoat-
    r"[prs]k_(?:live|test)_\w{10,}",  # Stripe
    r"whsec_[\w+/=-]{10,}",
    r"hv[brs]\.[\w-]{16,}",  # Vault
    r"s\.[A-Za-z0-9]{24}",
    r"\w{14}\.atlasv1\.[\w-]{16,}",  # Terraform
    r"xox[a-z][.-][\w.-]{8,}",  # Slack
    r"xapp-[\w-]{8,}",
    r"AIza[\w-]{20,}",  # Google
    r"ya29\.[\w.-]{12,}",
    r"GOCSPX-[\w-]{16,}",
    r"npm_\w{16,}",
    r"pypi-[\w-]{16,}",
    r"rubygems_\w{16,}",
    r"SG\.[\w-]{10,}\.[\w-]{10,}",  # SendGrid
    r"(?:SK|AC)[0-9a-f]{32}",  # Twilio
    r"key-[0-9a-z]{32}",  # Mailgun
    r"do[opr]_v1_\w{16,}",  # DigitalOcean
    r"sk-[\w-]{16,}",  # OpenAI, Anthropic
    r"hf_\w{16,}",  # Hugging Face
    r"shp[a-z]{2}_\w{16,}",  # Shopify
    r"sq0[a-z]{3}-[\w-]{16,}",  # Square
    r"dckr_[a-z]{3}_[\w-]{16,}",  # Docker
    r"gl(?:sa|c)_[\w+/=-]{16,}",  # Grafana
    r"NR(?:AK|JS|II)-[\w-]{16,}",  # New Relic
    r"PMAK-[\w-]{16,}",  # Postman
    r"lin_api_\w{16,}",  # Linear
    r"dp\.(?:pt|st|ct|sa)\.[\w.-]{16,}",  # Doppler
    r"pscale_[a-z]+_[\w.-]{16,}",  # PlanetScale
    r"tskey-[\w-]{12,}",  # Tailscale
    r"AGE-SECRET-KEY-1\w{20,}",
    r"\d{8,10}:AA[\w-]{30,}",  # Telegram
    r"eyJ[\w-]{8,}(?:\.[\w-]*){0,4}",  # JWT
    r"\w{3}[78]Q~[\w~.-]{31,34}",  # Azure
)

LEAST_LOOKED_AT = 11  # characters of a word that a rule by looks may take
_COMMAND = r"[^\n|;&]*?[ \t]"  # the words up to an option
_BREAK = r"(?:\s|\\r|\\n)"  # of a line, also as JSON has it
_STAMP = r"(?:(?:[\[(]?\d[\d:.,TZ+/-]*[\])]?|\[[^\]\n]*\]|[A-Z]{4,5}:?)[ \t]+)*"  # time and level in front of a line
RULES = (
    Rule(
        "card", r"\b(\d(?:[ -]?\d){12,18})\b", _is_no_card
    ),  # first: behind a key word only its first digits would go
    Rule(
        "private key",
        rf"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----((?:{_BREAK}*[A-Za-z0-9+/=]{{16,}})+(?:{_BREAK}*[A-Za-z0-9+/=]+{_BREAK}*-----END)?)",
    ),
    Rule(
        "password in URL",
        r"://[^\s:@/?#\"'<>]*:(\d*[^\s\d\"'<>/?][^\s\"'<>?]*|[^\s\"'<>/?#]+|\d*[^\s\d\"'<>/][^\s\"'<>]*)@",
        _is_nothing,
    ),
    Rule("key in URL", r"://([^\s:@/?#\"'<>]{20,})@", _is_name),
    Rule(
        "password before host",
        r"\b[A-Za-z][\w.-]*:(?:([^\s@\"'<>]+)@(?:tcp|unix)\(|([^\s:@/\"'<>]+)@[\w.-]+(?:[(:/\s]|$))",
        _is_address,
    ),
    Rule(
        "webhook",
        r"(?:hooks\.slack\.com/[a-z]+/|discord(?:app)?\.com/api/webhooks/|webhook\.office\.com/webhookb2/|api\.telegram\.org/bot)([^\s\"'<>]+)",
    ),
    Rule("prefix", rf"\b({'|'.join(PREFIXES)})"),
    Rule("hash of a password", r"(\$(?:1|2[abxy]?|5|6|7|g?y|apr1|argon2\w{1,2})\$[\w./$,=+-]{8,})"),
    Rule(
        "authorization",
        r"(?i)\bauthorization[\"'\\]*[ \t]*[:=][ \t]*[\"'\\]*"
        r"(?:(?:basic|bearer|token|digest|negotiate|ntlm|api-?key|aws4-hmac-sha256|oauth|splunk|key)[ \t]+)?",
        _is_sentence,
    ),
    Rule("scheme", r"(?i)\b(?:bearer|basic|negotiate)[ \t]*:?[ \t]+", _is_prose),
    Rule(
        "cookie",
        r"(?i)\bcookie2?[\"']?[ \t]*[:=][ \t]*[\"']?([^\s=;,\"']+=[^\s;\"']*(?:;[ \t]*[^\s=;,\"']+(?:=[^\s;\"']*)?)*)",
    ),
    Rule("element", rf"<[\w.:-]*(?:{_STRONG_KEY}|{_TOKENS})[^<>\n]*>([^<\n]+)</", _is_nothing),
    Rule(
        "option", rf"(?:^|[\s\"'\[(])--?[\w-]*(?:{_STRONG_KEY}|{_TOKENS})[\"']?,?[ \t]+", _is_option
    ),
    Rule("mysql -p", rf"\b(?:mysql\w*|mariadb[\w-]*|7z[ar]?){_COMMAND}-p", _is_nothing),
    Rule(
        "client -p",
        rf"\b(?:(?:sshpass|mongo\w*){_COMMAND}-p|(?:docker|podman|nerdctl|buildah|skopeo|helm|az)[^\n|;&]*\blogin\b{_COMMAND}-p"
        rf"|cqlsh{_COMMAND}-p|(?:sqlcmd|bcp|unzip|ipmitool|mosquitto_\w+){_COMMAND}-P|\w*freerdp\w*{_COMMAND}/p:"
        rf"|ldap[a-z]+{_COMMAND}-w|redis-cli{_COMMAND}-a|snmp[a-z]+{_COMMAND}-c"
        rf"|openssl{_COMMAND}-pass\w*[ \t]pass:)[ \t]*",
        _is_option,
    ),
    Rule(
        "-u user:password",
        r"(?:^|[ \t\"'])(?:-[uU]|--user|--proxy-user)[ \t=]*"
        r"(?:\"[^\s:%\"=/]+[:%]([^\"\n]+)\"|'[^\s:%'=/]+[:%]([^'\n]+)'|[\"']?[^\s:%\"'=/]+[:%]([^\s\"']+))",
        _is_group,
    ),
    Rule(
        "user and password",
        r"(?i)auth[\"']?[ \t]*[=:]?[ \t]*[(\[][ \t]*(?:\"[^\"\n]*\"|'[^'\n]*'),[ \t]*(?:\"([^\"\n]+)\"|'([^'\n]+)')",
        _is_nothing,
    ),
    Rule("htpasswd -b", r"\bhtpasswd[ \t]+-\w*b\w*[ \t]+\S+[ \t]+\S+[ \t]+"),
    Rule(
        "sqlplus",
        r"\b(?:sqlplus|expdp|impdp|sqlldr|rman)[ \t][^\n|;&/]*?[\w.$-]+/(?:([^\s\"']+)@|([^\s\"'/@]+)(?:\s|$))",
    ),
    Rule(
        "echo to sudo",
        r"\becho[ \t]+(?:-\w+[ \t]+)*[\"']?([^\"'\s|][^\"'\n|]*?)[\"']?[ \t]*\|[ \t]*sudo[ \t]+[^\n|]*-\w*S",
    ),
    Rule("echo to chpasswd", r"\becho[ \t][^\n|:]*:([^\n|\"']+?)[\"']?[ \t]*\|[^\n|]*\bchpasswd\b"),
    Rule("IMAP's LOGIN", r"\b[A-Za-z]{0,4}\d{1,6}[ \t]+LOGIN[ \t]+\S+[ \t]+"),
    Rule("AUTH of Redis", r"\bAUTH[ \t]+([^\s\"']+(?:[ \t]+[^\s\"']+)?)[ \t]*$", _is_said_of_auth),
    Rule("setting behind a blank", r"\b(?:requirepass|masterauth|masterpass)[ \t]+", _is_sentence),
    Rule(
        "phrase",
        rf"(?im)(?:{_PHRASE}){_CLOSED}{_OF}(?:[ \t]*[:=][ \t]*\n?|[ \t]*\n)[ \t]*([^\s\d:=,;\"]+(?:[ -][^\s\d:=,;\"]+){{2,23}})[ \t]*$",
        _is_sentence_of_words,
    ),
    Rule(
        "line behind a key word",
        rf"(?:{_STRONG_KEY}|{_TOKENS}|(?i:{_PHRASE})){_CLOSED}(?:[ \t][^\n:=]{{0,40}})?"
        rf"[:=]?[ \t]*[|>]?[+-]?[\"']?[ \t]*\n[ \t]*{_STAMP}",
        _is_not_alone,
    ),
    Rule("password", rf"{_STRONG_KEY}{_IS}", _is_sentence),
    Rule(
        "password of no blanks",
        rf"(?:{_UNSPACED})[ \t:=は是为為는은이가]*([!-~]{{4,}})",
        _is_sentence,
    ),
    Rule("token", rf"{_TOKENS}{_IS}", _is_said_of_token),
    Rule("weak key", rf"(?i:{_WEAK}){_IS}", _is_ordinary_value),
    Rule(
        "query",
        r"(?i)[?&](?:key|code|ticket|assertion|x-amz-(?:signature|credential)|sig)=([^\s&\"'<>]{4,})",
        _is_nothing,
    ),
    Rule(
        "quoted password",
        rf"(?i)(?:{_LONG}|{_KEY}|\bidentified by|{_SHORT})(?:{_IN_WORDS}|\()(?:\"([^\"\n]+)\"|'([^'\n]+)'|`([^`\n]+)`)",
        _is_nothing,
    ),
    Rule(
        "word behind a key word",
        rf"(?:{_STRONG_KEY}|{_TOKENS}|(?i:{_PHRASE}))(?:{_IN_WORDS}|\(([^\s()\"']{{1,100}})\))",
        _is_ordinary_word,
    ),
    Rule("base 64", r"([A-Za-z0-9+/]{16,}={0,2})", _is_no_base64, by_looks=True),
    Rule(
        "made by dice",
        rf"([A-Za-z0-9][A-Za-z0-9+_-]{{{LEAST_LOOKED_AT - 1},}}={{0,2}})",
        _is_made_by_people,
        by_looks=True,
    ),
)
