"""Words behind which a secret stands, in twenty languages, and prefixes by which vendors make
theirs known; all RE2's.
"""

from __future__ import annotations

# -- key words -------------------------------------------------------------------------------------

# Whatever letters stand before them: dbpassword, PGPASSWORD. With and without the marks that people
# leave out
_ENGLISH = r"pass(?:[_ -]?word|wd|wrd|wort|[_ -]?phrase|[_-]?code|[_-]?key)"
_ABROAD = (
    r"kennwort|contrase(?:ñ|n)a|senha|mot[ _-]?de[ _-]?passe|wachtwoord"
    r"|l(?:ö|o)senord|adgangskode|passord|salasana|has(?:ł|l)o|heslo|jelsz(?:ó|o)|(?:ş|s)ifre"
    r"|парол(?:ь|я|ю|ем)"
    r"|κωδικός|κωδικος|m(?:ậ|a)t kh(?:ẩ|a)u|kata sandi|كلمة المرور|סיסמה|पासवर्ड|รหัสผ่าน"
)
LONG = rf"{_ENGLISH}|{_ABROAD}"
UNSPACED = r"パスワード|暗証番号|密码|密碼|口令|비밀번호"  # no blank behind them
KEY = (
    r"(?:api|app|access|account|secret|private|encrypt(?:ion)?|decryption|signing|master|shared"
    r"|storage|service|licen[cs]e|client|jwt|hmac"
    r"|aes|session|deploy|webhook|subscription|recovery|auth|unseal)[ _.-]?key|sharedaccess(?:key"
    r"|signature)|secret[_-]?key[_-]?base"
    r"|(?:verification|security|one[ -]time|login|reset|2fa|mfa)[ _-]code"
)
MIDDLE = r"token|secret|токен|令牌|密钥|密鑰|秘密鍵"
SHORT = (  # bypass and compass end in one of them
    r"(?:\b|_|\d)(?:(?:root|admin|login|user|db|sql|bind|smtp|mail|ftp|ssh|web|my|new|old)?(?:pass"
    r"|pwd?)"
    r"|(?:require|master|store|key)pass|masterauth|psk|mdp|clave|parola|otp|totp)"
)
CAMEL = r"[a-z](?:Pass|Pwd|Pw|Psk|Otp)|[A-Z]{2}PASS"
WEAK_ALONE = (  # they have other meanings, too
    r"auth|sid|ssid|connect\.sid|(?:php|j)?sess(?:ion)?(?:_?id)?|sig|signature|pin|cvv2?|creds?"
    r"|credentials?|jwt"
)
WEAK = (
    rf"(?:\b|_|\d)(?:{WEAK_ALONE}|[a-z0-9]{{1,30}}[_-]key"
    r"|(?:[a-z0-9]{1,20}_){0,4}(?:pass(?:word|wd|phrase)?|pwd|secret"
    r"|token)(?:_[a-z0-9]{1,20}){1,4})"
)
PHRASE = r"pass[_ -]?phrase|mnemonic|(?:seed|recovery|backup)[_ -](?:phrase|words)"
KEY_ENDS = (  # with one of them each key word above ends; few letters to begin with, for speed
    rf"(?i:{_ENGLISH}|pass|{_ABROAD}|key(?:[_-]?base)?|accesssignature|[ _-]code|{UNSPACED}"
    rf"|{MIDDLE}"
    r"|pwd?|masterauth|psk|mdp|clave|parola|otp|mnemonic|[_ -](?:phrase|words))"
)
PART = (
    r"(?i:[ _.-]?\d{1,2}|[_.-]?(?:hash|hex|b64|base64|value|text|plain|raw)|\[[^\]\n]{1,40}\]"
    r"|\([^)\n]{1,40}\)"
    r"|[_.-](?:old|new|current|prod(?:uction)?|dev|test|qa|stag(?:e|ing)|live|main|primary|replica"
    r"|backup|root|admin|confirm(?:ation)?)){0,2}"
)
CLOSED = r"[\\\"'`\])]{0,6}"
STRONG_KEY = rf"(?:(?i:{LONG}|{KEY}|{UNSPACED}|{SHORT})|{CAMEL})"
TOKENS = rf"(?i:{MIDDLE})"
OF = r"(?:[ \t]+(?i:for|of|für|von|de|para|для)(?:[ \t]+[^\s:=]{1,60}){1,4})?"
_WRITTEN_EQUALS = (
    r"%3[aAdD]|\\{1,4}(?:u00|x)3[aAdD]|&#(?:6[01]|58|x3[aAdD]);"  # in URLs, JSON and HTML
)
IS = (
    rf"{PART}{CLOSED}{OF}[ \t]*(?:=>|->|→|:=|==?|(?i:(?:is|ist|est|es)[ \t]*)?:"
    rf"|{_WRITTEN_EQUALS})[ \t]*"
)
IN_WORDS = rf"{OF}[ \t]+(?:(?i:is|was|to|set to|ist|est|es|é)[ \t]+)?"
ALIKE = (
    (LONG, MIDDLE, PHRASE),
    (WEAK,),
)  # patterns with one of the same parts have much in common
KEY_WORDS = rf"{STRONG_KEY}|{TOKENS}|(?i:{PHRASE}|authorization|bearer|cookie)"

# -- prefixes by which vendors make their secrets known --------------------------------------------

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
