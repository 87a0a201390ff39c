"""Secrets made at run time from patterns, by dice with a seed, and the places in which they stand
in logs. None is anybody's.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Iterator
from typing import NamedTuple

from tests.seeded import Seeded

_LETTERS, _DIGITS, _HEX = string.ascii_letters, string.digits, "0123456789abcdef"
_LOWER, _UPPER, _BASE36 = (
    string.ascii_lowercase,
    string.ascii_uppercase,
    string.ascii_lowercase + string.digits,
)
_BASE62, _URL64 = _LETTERS + _DIGITS, _LETTERS + _DIGITS + "-_"
_SYLLABLES = (
    "ba",
    "ko",
    "lu",
    "mi",
    "ne",
    "ro",
    "sa",
    "ti",
    "vu",
    "za",
    "pen",
    "dor",
    "gul",
    "wex",
)


class Placed(NamedTuple):
    """A secret in its place. `told` is the whole text, `parts` what must not be left of it."""

    kind: str
    place: str
    told: str
    parts: tuple[str, ...]


class Dice:
    """Makes secrets of each shape."""

    def __init__(self, seed: int) -> None:
        self._random = Seeded(seed)

    def of(self, letters: str, count: int) -> str:
        return "".join(self._random.choices(letters, k=count))

    def mixed(self, letters: str, count: int) -> str:
        """With at least one of each class, so that it is no plain word by chance."""
        while True:
            made = self.of(letters, count)
            if any(map(str.isdigit, made)) and any(map(str.isalpha, made)):
                return made

    def some_of(self, secrets: dict[str, str], count: int) -> list[str]:
        return self._random.sample(sorted(secrets), count)

    def word(self, syllables: int = 4) -> str:
        """A word that might stand in a dictionary."""
        return "".join(self._random.choices(_SYLLABLES, k=syllables))

    def json_web_token(self) -> str:
        head = (
            base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
            .decode()
            .rstrip("=")
        )
        body = (
            base64.urlsafe_b64encode(json.dumps({"sub": self.of(_DIGITS, 8)}).encode())
            .decode()
            .rstrip("=")
        )
        return f"{head}.{body}.{self.of(_URL64, 43)}"

    def card(self) -> str:
        digits = "4" + self.of(_DIGITS, 14)
        doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-1::-2])
        return digits + str(-(doubled + sum(map(int, digits[-2::-2]))) % 10)

    def private_key(self) -> str:
        kind = self._random.choice(("RSA ", "EC ", "OPENSSH ", ""))
        lines = [self.of(_BASE62 + "+/", 64) for _ in range(3)] + [self.of(_BASE62, 6) + "=="]
        return "\n".join(
            (f"-----BEGIN {kind}PRIVATE KEY-----", *lines, f"-----END {kind}PRIVATE KEY-----")
        )


def with_prefixes(dice: Dice, tail: str = _BASE62) -> dict[str, str]:
    """A secret of each vendor whose secrets have a prefix; `tail` are the letters behind it, where
    the vendor leaves the choice.
    """
    hexes = _HEX if tail == _BASE62 else "abcdef"
    upper = _UPPER + "234567" if tail == _BASE62 else _UPPER
    many = 22 if tail == _BASE62 else 18
    behind = (
        *(
            "ghp_",
            "gho_",
            "ghs_",
            "ghu_",
            "github_pat_",
            "glpat-",
            "glrt-",
            "sk_live_",
            "rk_live_",
            "whsec_",
            "hvs.",
            "hvb.",
            "s.",
        ),
        *(
            "xoxb-",
            "xoxp-",
            "xoxe.",
            "xapp-",
            "AIza",
            "ya29.",
            "GOCSPX-",
            "npm_",
            "pypi-",
            "rubygems_",
            "dop_v1_",
            "sk-",
            "hf_",
            "shpat_",
        ),
        *(
            "sq0atp-",
            "dckr_pat_",
            "glsa_",
            "NRAK-",
            "PMAK-",
            "lin_api_",
            "dp.pt.",
            "pscale_pw_",
            "tskey-",
        ),
    )
    made = {
        prefix: f"{prefix}{dice.of(tail, 24 if prefix in ('s.', 'AIza') else many)}"
        for prefix in behind
    }
    made |= {prefix: f"{prefix}{dice.of(upper, 16)}" for prefix in ("AKIA", "ASIA")}
    made |= {prefix: f"{prefix}{dice.of(hexes, 32)}" for prefix in ("SK", "AC")}
    return made | {
        "key-": f"key-{dice.of(hexes, 32)}",
        "SG.": f"SG.{dice.of(tail, 22)}.{dice.of(tail, 22)}",
        "AGE-SECRET-KEY-1": f"AGE-SECRET-KEY-1{dice.of(upper, 24)}",
        "atlasv1": f"{dice.of(tail, 14)}.atlasv1.{dice.of(tail, 18)}",
        "Telegram": f"{dice.of(_DIGITS, 9)}:AA{dice.of(tail, 33)}",
        "Azure": f"{dice.of(tail, 3)}8Q~{dice.of(tail, 16)}.{dice.of(tail, 17)}",
        "eyJ": f"eyJ{dice.of(tail, 20)}",
    }


def by_looks(dice: Dice) -> dict[str, str]:
    """What nobody would write by hand."""
    return {
        "JSON web token": dice.json_web_token(),
        "20 of base 62": dice.mixed(_BASE62, 20),
        "32 of base 62": dice.mixed(_BASE62, 32),
        "40 of base 64": dice.mixed(_BASE62 + "+/", 40),
        "base 64 in short parts": "/".join(dice.mixed(_BASE62, 9) for _ in range(4)),
        "43 of URL base 64": dice.mixed(_URL64, 43),
        "32 of base 36": dice.mixed(_BASE36, 32),
        "32 of base 32": dice.mixed(_UPPER + "234567", 32),
        "40 letters": dice.of(_LOWER, 40),
        "MD5": dice.mixed(_HEX, 32),
        "64 hexadecimal digits": dice.mixed(_HEX, 64),
        "base 64 with its end": base64.b64encode(
            f"{dice.word()}:{dice.mixed(_BASE62, 9)}!".encode()
        ).decode(),
        "card": dice.card(),
    }


def hashes(dice: Dice) -> dict[str, str]:
    """Of passwords, as crypt(5) and htpasswd write them."""
    letters = _BASE62 + "./"
    kinds = {
        "$y$j9T$": (22, 43),
        "$6$": (16, 86),
        "$5$": (16, 43),
        "$1$": (8, 22),
        "$apr1$": (8, 22),
        "$6$rounds=5000$": (16, 86),
    }
    made = {
        kind: f"{kind}{dice.of(letters, salt)}${dice.of(letters, many)}"
        for kind, (salt, many) in kinds.items()
    }
    return made | {
        "$2b$12$": f"$2b$12${dice.of(letters, 53)}",
        "$2y$10$": f"$2y$10${dice.of(letters, 53)}",
    }


def by_hand(dice: Dice) -> dict[str, str]:
    """What people make up: found only behind a word that announces it."""
    return {
        "a word and digits": dice.word(3) + dice.of(_DIGITS, 2),
        "a word with signs": (
            f"{dice.word(2).capitalize()}$%{dice.of(_DIGITS, 2)}!{dice.of(_LOWER, 2)}"
        ),
        "a word": dice.word(),
        "six digits": dice.of(_DIGITS, 6),
    }


ANYWHERE = (
    *(
        "cannot log in with {}",
        "key {} is not valid",
        "[{}]",
        "id={},",
        "{}",
        'rejected "{}" again',
        "retry({})",
        "got: {}",
    ),
    *("GET https://db1/x?page=1&v={} HTTP/1.1", "field x='{}' too long", "<b>{}</b>", "a|{}|b"),
)
BEHIND_A_PASSWORD = (  # anything goes there
    *(
        "password={}",
        "DB_PASSWORD: {}",
        '"password": "{}"',
        "DB_PASS={}",
        "PASSWORD_2={}",
        "PGPASSWORD={} psql",
        "db.password = {}",
    ),
    *(
        '{{\\"password\\":\\"{}\\"}}',
        "<password>{}</password>",
        "<db:dbPassword type='x'>{}</db:dbPassword>",
        "jdbc:mysql://db/x;user=a;pass={}",
    ),
    *(
        "pw={}",
        "pwd={};",
        "--password {}",
        "--password={}",
        '["run", "--password", "{}"]',
        "psk={}",
        "wpa_passphrase={}",
        "passwd: {}",
    ),
    *(
        ':password=>"{}"',
        "password => '{}'",
        "PASSWORD '{}'",
        "IDENTIFIED BY '{}'",
        "dbPassword={}",
        "dbPass={}",
        "{{password:{} user:app}}",
    ),
    *(
        "password={}&user=app",
        "user=app, password={}, host=db1",
        "(password={})",
        "password=[{}]",
        "passcode: {}",
        'password is "{}"',
    ),
    *(
        "-Djavax.net.ssl.keyStorePassword={}",
        "SSHPASS={}",
        "MYSQL_PWD={}",
        "keystore-password: {}",
        "password_hash={}",
        "password : {}",
    ),
    *(
        "postgres://app:{}@db1/x",
        "amqp://app:{}@mq1:5672/",
        "redis://:{}@cache1:6379/0",
        "app:{}@tcp(db1:3306)/shop",
        "https://app:{}@db1/",
    ),
    *(
        "mysql -u root -p{} shop",
        "mysqldump -h db1 -p{} shop > x",
        "sshpass -p {} ssh db1",
        "mongo -u a -p {} db1",
        "docker login -u a -p {} r.example.com",
    ),
    *(
        "curl -u app:{} https://db1/",
        "curl --user app:{} https://db1/",
        "wget --proxy-user=app:{} x",
        "smbclient -U app%{} //fs/x",
    ),
    *(
        "ldapsearch -D cn=a -w {} -b x",
        "redis-cli -h cache1 -a {} ping",
        "openssl rsa -passin pass:{}",
        "sqlcmd -S db1 -U a -P {}",
        "unzip -P {} x.zip",
    ),
    *(
        "Authorization: Basic {}",
        "Authorization: Bearer {}",
        "authorization={}",
        "'Authorization': 'Bearer {}'",
        "Proxy-Authorization: Basic {}",
    ),
    *(
        "Cookie: session={}; theme=dark",
        "Set-Cookie: id={}; Path=/; HttpOnly",
        "Cookie: theme=dark; id={}",
    ),
    *(
        "api_key={}",
        '"apiKey":"{}"',
        "X-Api-Key: {}",
        "secret={}",
        "client_secret={}",
        "token={}",
        "access_token={}&x=1",
        "X-Auth-Token: {}",
    ),
    *(
        "AccountKey={};EndpointSuffix=core",
        "SharedAccessKey={}",
        "SharedAccessSignature={}",
        "aws_secret_access_key = {}",
        "secretAccessKey: {}",
    ),
    *(
        "encryption_key={}",
        "VAULT_TOKEN={}",
        "--token {}",
        "--api-key {}",
        "otp={}",
        "GET /cb?code={}&state=1",
        "/x?key={}",
    ),
    *(
        "login code: {}",
        "password for app: {}",
        "password%3D{}&x=1",
        "password: |\n  {}",
        "SECRET_KEY_BASE={}",
        "Private-Token: {}",
        "webhookSecret={}",
        "https://hooks.slack.com/services/{}",
    ),
    *(
        "postgres://app:p@ss/{}@db/prod",
        'auth=("joe","{}")',
        "basic_auth=('joe', '{}')",
        'requests.get(url, auth=HTTPBasicAuth("joe", "{}"))',
    ),
    *(
        '--drive-token {{"access_token":"{}"}}',
        '"password": {{"value": "{}", "from": "file"}}',
        "password=(x){}",
        "password=[a, {}]",
    ),
    *(
        "password is: {}",
        "password for user app: {}",
        "password for the database: {}",
        "password of the new user: {}",
        'password("{}")',
    ),
    *(
        "password(app)={}",
        "password[0]={}",
        "password[web 1]={}",
        "password.value={}",
        "password -> {}",
        "password \u2192 {}",
        "password->{}",
    ),
    *("password\\u003d{}", "password\\x3d{}", "password&#61;{}", "password&#x3d;{}"),
    *(
        "DB_PASS_PROD={}",
        "PASSWORD_HASH={}",
        "rootpass: {}",
        "adminpass={}",
        "loginpw={}",
        "secretValue: {}",
        "tokenValue={}",
        "authkey={}",
    ),
    *(
        'api_key "{}"',
        "requirepass {}",
        "masterauth {}",
        "keytool -storepass {} -list",
        "keytool -alias a -keypass {}",
        "Unseal Key 1: {}",
    ),
)
OF_PROGRAMS = (  # which take one in a way of their own
    *(
        "htpasswd -b users joe {}",
        "htpasswd -bB users joe {}",
        "ipmitool -H bmc1 -P {} power status",
        "mosquitto_pub -u a -P {} -t x",
    ),
    *(
        "cqlsh db1 -u a -p {}",
        "xfreerdp /u:a /p:{} /v:web1",
        "echo {} | sudo -S reboot",
        "echo '{}' | sudo -S reboot",
    ),
    *(
        "echo 'joe:{}' | chpasswd",
        "echo joe:{} | sudo chpasswd",
        "a1 LOGIN joe {}",
        'a1 LOGIN "joe" "{}"',
        "AUTH {}",
        "AUTH default {}",
    ),
    *(
        "sqlplus scott/{}@ORCL",
        "sqlplus -S scott/{}",
        'curl -u "joe:{}" https://db1/',
        "curl -u 'joe:{}' https://db1/",
    ),
)
BEHIND_A_WORD_OF_MANY_MEANINGS = (
    "sid={}",
    "session={}",
    "JSESSIONID={}",
    "signature={}",
    "auth: {}",
    "sig={}",
    "partner_key={}",
    "_auth={}",
    "connect.sid={}",
)
BEHIND_A_BLANK = (
    "password {} refused",
    "token {} refused",
    "Passwort ist {}",
    "password for app is {}",
    "api key {} rejected",
    "sent Bearer {} twice",
    "password({})",
    "connect(password({}))",
    "DB_PASSWORD_OF_SHOP={}",
)
UNTOLD = (  # to be told, they would need a guess that takes ordinary words as well
    *(
        "the login is {}",
        "p4ssw0rd={}",
        "p a s s w o r d = {}",
        "drowssap={}",
        "net user joe {}",
        "LOGIN joe {}",
        "joe / {}",
    ),
    *(
        "password for the one that runs in our cellar: {}",
        "printf {} | sudo -S reboot",
        'expect: send "{}\\r"',
    ),
)
OF_LANGUAGES = (
    *(
        "Passwort: {}",
        "Kennwort={}",
        "mot de passe : {}",
        "contraseña: {}",
        "contrasena={}",
        "senha: {}",
        "wachtwoord: {}",
        "lösenord: {}",
    ),
    *(
        "hasło: {}",
        "heslo: {}",
        "jelszó: {}",
        "şifre: {}",
        "пароль: {}",
        "ПАРОЛЬ={}",
        "κωδικός: {}",
        "パスワード\uff1a{}",
        "パスワードは{}です",
    ),
    *(
        "密码\uff1a{}",
        "密碼是{}",
        "口令={}",
        "비밀번호: {}",
        "mật khẩu: {}",
        "токен: {}",
        "密钥\uff1a{}",
        "adgangskode: {}",
        "salasana: {}",
        "passord={}",
    ),
)
ON_THE_NEXT_LINE = (
    "Password:\n{}",
    "Enter password for app:\n{}\nok",
    "token =\n  {}",
    "07:00:00 INFO New passphrase:\n07:00:01 INFO {}",
    "Passwort:\r\n{}\r\n",
)
HIDDEN = (
    *(
        "pass\x1b[31mword=\x1b[1m{}\x1b[0m",
        "\x1b]0;title\x07password={}",
        "pass\u200bword={}",
        "\ufeffpa\u00adssword\u2060={}",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff1d{}",
    ),
    *(
        "pass\u3164word={}",
        "p\ufe0fassword={}",
        "pass\x00word={}",
        "#033[31mpassword#033[0m={}",
        "\U0001d429\U0001d41a\U0001d42c\U0001d42cword={}",
        "pass\u034fword: {}",
    ),
    *(
        "pass\U0001bca0word={}",
        "pass\U000e0101word={}",
        "pass\u180bword={}",
        "pass\u2028word={}",
        "pass\u2029word={}",
        "pass\u2800word={}",
    ),
    *(
        "passwo\u0301rd={}",
        "pass\u0335word={}",
        "pa\u0301\u0335ssword={}",
        "p\u00e1ssw\u00f6rd={}",
        "tok\u00e9n={}",
    ),
    *(
        "p\u0430ssw\u043erd={}",
        "\u0420\u0410SSWORD={}",
        "passw\u03bfrd={}",
        "\u0455ecret={}",
        "t\u043e\u0301ken={}",
    ),
    *(
        "pass\x1bPq#0;1\x1b\\word={}",
        "pass\x1b_Ga=T;AAAA\x1b\\word={}",
        "pass\x1b^x\x1b\\word={}",
        "pass\x1bXx\x1b\\word={}",
    ),
    *(
        "pass\x90q#0\x9cword={}",
        "pass\bsword={}",
        "p\bpa\bas\bss\bsword={}",
        "_\bp_\ba_\bs_\bsword={}",
    ),
)


def placements(seed: int) -> Iterator[Placed]:
    """Each shape in the places in which it can be told."""
    dice = Dice(seed)
    places: tuple[str, ...]
    for places in (ANYWHERE, BEHIND_A_PASSWORD, ON_THE_NEXT_LINE):
        yield from _in(places, with_prefixes(dice), dice, each=4)
        yield from _in(places, by_looks(dice), dice, each=4)
    for places in (BEHIND_A_PASSWORD, OF_PROGRAMS, OF_LANGUAGES, ON_THE_NEXT_LINE[:2], HIDDEN):
        yield from _in(places, by_hand(dice), dice, each=4)
    for places in (BEHIND_A_WORD_OF_MANY_MEANINGS, BEHIND_A_BLANK, ON_THE_NEXT_LINE):
        yield from _in(
            places, {"a word and digits": by_hand(dice)["a word and digits"]}, dice, each=1
        )
    for shape, secret in with_prefixes(dice).items():
        for place in ("rejected {}", "x={}; y=1", '"{}"'):
            yield _placed(shape, place, secret)
    yield from _hidden_inside(dice)
    for place in ("{}", "cannot read {}", "key=\n{}"):
        yield _placed("private key", place, dice.private_key())
    for kind, secret in hashes(dice).items():
        for place in ("root:{}:19000:0:99999:7:::", "cannot read {}", "hash={}"):
            yield _placed(kind, place, secret)
    for place in ("https://{}@o1.ingest.sentry.io/2", "dsn https://{}@sentry.example.com/2"):
        yield _placed("32 hexadecimal digits", place, dice.mixed(_HEX, 32))
    for place in (
        *(
            "passphrase: {}",
            "seed phrase = {}",
            'password="{}"',
            "Passphrase:\n{}",
            "passphrase for key: {}",
            "passphrase for the key: {}",
        ),
        *('curl -u "joe:{}" https://db1/', "curl -u 'joe:{}' https://db1/", "password=({})"),
    ):
        yield _placed("words", place, " ".join(dice.word(3) for _ in range(5)))


def not_by_looks(seed: int) -> list[Placed]:
    """What cannot be told, since it looks like any other word."""
    shapes = by_hand(Dice(seed))
    behind = _in(UNTOLD, {"a word and digits": shapes["a word and digits"]}, Dice(seed), each=1)
    return [*_in(ANYWHERE, shapes, Dice(seed), each=4), *behind]


def _in(
    places: tuple[str, ...], secrets: dict[str, str], dice: Dice, each: int
) -> Iterator[Placed]:
    for place in places:
        for shape in dice.some_of(secrets, each):
            yield _placed(shape, place, secrets[shape])


def _hidden_inside(dice: Dice) -> Iterator[Placed]:
    """With what nobody sees between its letters."""
    for between in ("\u200b", "\x1b[0m", "\u2060", "\u00ad", "\u3164"):
        for shape, secret in [*by_looks(dice).items(), *with_prefixes(dice).items()][
            :: 3 if between == "\u200b" else 7
        ]:
            told = f"rejected {between.join((secret[:7], secret[7:11], secret[11:]))}"
            yield Placed(shape, f"with {between!r} inside", told, _parts(secret))
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    for shape, secret in by_looks(dice).items():
        yield Placed(shape, "in wide letters", f"rejected {secret.translate(wide)}", _parts(secret))


def _placed(shape: str, place: str, secret: str) -> Placed:
    return Placed(
        shape,
        place,
        place.format(secret),
        tuple(part for part in _parts(secret) if part not in place),
    )


def _parts(secret: str) -> tuple[str, ...]:
    """Each four characters in a row; of a private key the lines between its first and its last."""
    lines = [line for line in secret.split("\n") if "PRIVATE KEY" not in line]
    words = [word for line in lines for word in line.split()]
    return tuple(word[at : at + 4] for word in words for at in range(max(1, len(word) - 3)))
