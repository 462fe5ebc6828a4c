"""Languages spoken at home, in the words and codes of v3.1."""

from functools import lru_cache

from kinsync.domain.vocabulary import word_key

CODES = """
afr Afrikaans; sqi Albanian; amh Amharic; ara Arabic; hye Armenian; asm Assamese; aym
Aymara; aze Azerbaijani; bam Bambara; bak Bashkir; eus Basque; bel Belarusian; ben Bengali;
bho Bhojpuri; bos Bosnian; bul Bulgarian; mya Burmese; cpp Cabo Verdean; yue Cantonese; cat
Catalan; ceb Cebuano; nya Chichewa; zho Chinese; chk Chuukese; cos Corsican; hrv Croatian;
ces Czech; dan Danish; prs Dari; div Divehi; dgo Dogri; nld Dutch; eng English; est
Estonian; ewe Ewe; fao Faroese; fas Farsi; fij Fijian; fil Filipino; fin Finnish; fra
French; fry Frisian; glg Galician; kat Georgian; deu German; ell Greek; grn Guarani; guj
Gujarati; hat Haitian Creole; hau Hausa; haw Hawaiian; heb Hebrew; hin Hindi; hmn Hmong; hun
Hungarian; isl Icelandic; ibo Igbo; ilo Ilocano; ind Indonesian; ikt Inuinnaqtun; iku
Inuktitut; gle Irish; ita Italian; jpn Japanese; jav Javanese; kan Kannada; kar Karen; kaz
Kazakh; khm Khmer; kin Kinyarwanda; run Kirundi; knn Konkani; kor Korean; kri Krio; kur
Kurdish (Kurmanji); ckb Kurdish (Sorani); kir Kyrgyz; lao Laotian; lav Latvian; lin Lingala;
lit Lithuanian; dsb Lower Sorbian; lug Luganda; ltz Luxembourgish; mkd Macedonian; mai
Maithili; mlg Malagasy; msa Malay; mal Malayalam; mlt Maltese; cmn Mandarin; mni Manipuri;
mri Maori; mar Marathi; mah Marshallese; lus Mizo; mon Mongolian; nep Nepali; nso Northern
Sotho; nob Norwegian; ori Odia; orm Oromo; pus Pashto; pol Polish; por Portuguese; pan
Punjabi; que Quechua; otq Queretaro Otomi; ron Romanian; rus Russian; smo Samoan; gla Scots
Gaelic; srp Serbian; sot Sesotho; tsn Setswana; sna Shona; snd Sindhi; sin Sinhala; slk
Slovak; slv Slovenian; som Somali; spa Spanish; sun Sundanese; swa Swahili; swe Swedish; tgl
Tagalog; tah Tahitian; tgk Tajik; tam Tamil; tat Tatar; tel Telugu; tha Thai; bod Tibetan;
tir Tigrinya; ton Tongan; tso Tsonga; tur Turkish; tuk Turkmen; twi Twi; ukr Ukrainian; hsb
Upper Sorbian; urd Urdu; uig Uyghur; uzb Uzbek; vie Vietnamese; cym Welsh; xho Xhosa; yid
Yiddish; yor Yoruba; yua Yucatec Maya; zul Zulu
"""
"""Each language that the API has a word for, behind its ISO 639-3 code."""
BY_CODE = dict(pair.strip().split(" ", 1) for pair in " ".join(CODES.split()).split(";"))
BY_KEY = {word_key(name): code for code, name in BY_CODE.items()} | {code: code for code in BY_CODE}
ELSE = {"home_language": "Other", "home_language_code": "other"}


@lru_cache(maxsize=4096)
def language(source: str | None) -> dict[str, str]:
    """``home_language`` and its code, for a name or code of a source; neither where it is blank.

    There is no blank in either list. Names count as whole words: "Spanish" and "SPANISH", no more.
    """
    if not source:
        return {}
    code = BY_KEY.get(word_key(source))
    return {"home_language": BY_CODE[code], "home_language_code": code} if code else ELSE
