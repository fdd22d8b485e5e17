"""Words and marks that go with frustration, in English and German, counted one by one.

In: the text of one turn. Out: a fixed row of numbers, each readable on its own ("says that this is
not the first time"). It exists beside the sentence embedding because a few words in a polite
sentence ("still", "as I said", "zum dritten Mal") carry much and an embedding smooths them over.
Pure; works on recogniser text without punctuation or capitals.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

_FAMILIES: dict[str, str] = {
    # The same thing again, or said before.
    "again": r"again|once more|another time|over and over|every (?:single )?time|keeps?|kept"
    r"|(?:second|third|fourth|fifth|2nd|3rd|4th|5th|\d+th|nth) time|twice|(?:two|three|four|five"
    r"|several|many|multiple|\d+) times|schon wieder|wieder(?:mal| mal| nicht)?|nochmals?"
    r"|noch mal"
    r"|erneut|zum \w+ ?mal|(?:zwei|drei|vier|fünf|mehr|\d+) ?mals?|ständig|dauernd|immer wieder"
    r"|andauernd|jedes mal",
    "already_said": r"already|(?:as|like) i (?:said|mentioned|wrote|told|explained)"
    r"|i (?:just |already |have already |\'ve already )?(?:said|told|wrote|explained|gave|sent)"
    r"|i(?:\'ve| have) (?:just )?(?:said|told|written|explained|given|sent|tried|done)|i just did"
    r"|read (?:my|what)|see above|bereits|schon|wie gesagt|wie ich|hatte ich|habe ich (?:doch|ja"
    r"|ihnen|bereits|schon|gerade)|hab ich (?:doch|ja|ihnen|bereits|schon|gerade)|siehe oben",
    "waiting": r"wait(?:ed|ing)?|still|yet|for (?:\w+ )?(?:hours?|days?|weeks?|months?|ages"
    r"|years?)"
    r"|since|(?:\d+|two|three|four|five|six|several) (?:min(?:ute)?s?|hours?|days?|weeks?"
    r"|months?)"
    r"|hours|weeks|months|how (?:much )?long(?:er)?|no (?:reply|response|answer)|nobody|no ?one"
    r"|immer noch|noch immer|noch nicht|noch kein\w*|seit|warte\w*|gewartet|wochen\w*|tage\w*"
    r"|monate\w*|stunden\w*|wie lange|niemand|keiner|keine (?:antwort|rückmeldung|reaktion)",
    "not_working": r"(?:does|do|did|is|are|was|has|have|wo|ca|could)(?:n\'?t| not)"
    r"|(?:not|never|nothing|no longer) work\w*|not \w+ing|fail\w*|broken|useless|no use|error"
    r"|wrong|never (?:arrived|came|received|got)|nothing|same (?:problem|error|issue|message"
    r"|thing)"
    r"|funktioniert \w*\s?nicht|geht (?:\w+ )?nicht|klappt (?:\w+ )?nicht|nicht|nichts|kaputt"
    r"|defekt|fehler\w*|falsch\w*|vergeblich|umsonst|bringt nichts|hilft (?:\w+ )?nicht|nie",
    "denial": r"^no\b|nope|that(?:\'s| is|s)? not|it(?:\'s| is|s)? not|i (?:did(?:n\'?t| not)"
    r"|have(?:n\'?t| not)|never)|not (?:true|what|correct|my)|you (?:said|told|promised"
    r"|did(?:n\'?t"
    r"| not)|have(?:n\'?t| not)|are not|aren\'?t|keep|don\'?t)|^nein|^nö|^doch|stimmt nicht"
    r"|das ist nicht|hab(?:e)? ich nicht|sie (?:haben|sagten|hatten|schreiben|sagen)|mir wurde"
    r"|versprochen|promised|was told|hieß es|angeblich|supposedly",
    "broken_promise": r"supposed to|should(?:\'ve| have)|(?:was|were) (?:meant|going) to|promised"
    r"|(?:you|he|she|they|i was|was|been) (?:told|assured)|(?:you|he|she|they|it|site|email"
    r"|app) said"
    r"|due|guarante\w*|excuse\w*|versproch\w*|zugesag\w*|zusage\w*|hieß|angekündigt"
    r"|hätte\w* (?:\w+ ){0,6}(?:sollen|müssen|können)|sollte\w*|angeblich\w*|vereinbart\w*"
    r"|ausrede\w*|eigentlich|laut (?:ihrer|ihnen|app|mail)",
    "how_long_now": r"(?:day|week|month|year|hour) (?:\d+|two|three|four|five|six|seven|eight"
    r"|nine|ten)"
    r"|(?:\w+(?:th|rd|nd)|second|\d+) (?:day|week|month|year|hour|call|person|agent|email"
    r"|attempt)s?"
    r"|in a row|running|(?:days|weeks|months) (?:now|ago|later|late)|by now|(?:yester|mon|tues"
    r"|wednes"
    r"|thurs|fri|satur|sun)day|tag (?:\d+|zwei|drei|vier|fünf|sechs|sieben)|seit|inzwischen"
    r"|mittlerweile"
    r"|\w+te[nrs]? (?:tag|woche|monat|anruf|person|mail|versuch)|(?:vor"
    r"|nach) (?:\w+ )?(?:tagen|wochen"
    r"|monaten|stunden)|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|gestern|längst"
    r"|überfällig",
    "harm": r"because of (?:you|this|that)|cost(?:s|ing)? me|los(?:t|ing|e)|miss(?:ed|ing)|ruined"
    r"|(?:can\'?t|cannot|couldn\'?t|unable to) (?:work|use|call|get|access|log|sleep|pay)|stuck"
    r"|stranded|my (?:fault|problem|time|money|job|day)|your (?:fault|mistake|problem|company"
    r"|people"
    r"|lot)|you (?:people|guys|lot)|deswegen|ihretwegen|kostet mich|verpasst|verloren|ausgefallen"
    r"|umsonst|steh\w* (?:hier|da|jetzt)|(?:ihr|euer) (?:fehler|problem|laden|verein)|schuld"
    r"|mein (?:fehler|problem)|meine (?:schuld|zeit)|auf (?:meine|unsere) kosten",
    "rhetorical": r"why|how (?:can|could|come|is it|many times|hard)|seriously|really\?|are you"
    r"|do you (?:even|really|think|want)|what(?:\'s| is) the point|so what|am i supposed"
    r"|should i|is (?:this|that) (?:a joke|normal|how|all|it)|can (?:any|some)(?:one|body)"
    r"|warum|wieso|weshalb|wie (?:kann|soll|oft|kommt)|was soll|ernsthaft|wirklich\?"
    r"|das kann doch"
    r"|kann doch|soll ich|ist das (?:ihr|euer|normal|alles)|wozu|wofür"
    r"|kann (?:mir )?(?:mal )?jemand",
    "strong": r"ridiculous|unacceptable|joke|disgrace\w*|terrible|horrible|awful|worst|pathetic"
    r"|absurd|nonsense|incompeten\w*|scam|fraud|rip.?off|stupid|hell|damn|shit\w*|wtf|fuck\w*"
    r"|crap"
    r"|outrag\w*|disgust\w*|appalling|shame|lie[ds]?|lying|frechheit|unverschämt\w*|unmöglich"
    r"|witz|lächerlich|katastroph\w*|unfassbar|schlecht\w*|saftladen|sauerei|scheiß\w*"
    r"|verarsch\w*"
    r"|betrug|betrüger\w*|abzocke|inkompeten\w*|blöd\w*|armutszeugnis|zumutung|unglaublich|hölle",
    "upset": r"frustrat\w*|annoy\w*|angry|upset|disappoint\w*|fed up|sick of|tired of|furious"
    r"|unhappy|dissatisf\w*|had enough|enough|lost|patience|waste\w*|stress\w*|sad|enttäusch\w*"
    r"|ärger\w*|sauer|wütend|genervt|nerv\w*|frust\w*|verärger\w*|unzufrieden|satt|reicht|geduld"
    r"|zeitverschwendung|nicht (?:mehr )?akzept\w*|inakzeptabel|stinksauer|hinhalt\w*",
    "escalation": r"manager|supervisor|superior|complain\w*|complaint|lawyer|solicitor|legal|sue"
    r"|ombudsman|report you|cancel\w*|refund|money back|compensat\w*|human|real person"
    r"|someone else"
    r"|review|competitor|never again|beschwer\w*|vorgesetzt\w*|anwalt|rechtlich\w*|verbraucher\w*"
    r"|kündig\w*|storn\w*|geld zurück|erstattung|schadenersatz|entschädig\w*|mensch\w*"
    r"|mitarbeiter\w*|bewertung|nie wieder|konkurrenz|bundesnetzagentur|polizei|anzeige",
    "resigned": r"whatever|forget it|never ?mind|fine then|if you say so|i guess|great,? so"
    r"|so you"
    r"|sure,? (?:but|whatever)|well,? (?:then|thanks for nothing)|thanks for nothing|good luck"
    r"|egal|vergiss|vergessen sie|dann eben|na (?:gut|toll|super|prima|klasse)|lassen sie"
    r"|schon gut|von mir aus|wenn sie meinen|danke für nichts|toll|aha|also (?:nicht|doch|gut)",
    "contrast": r"but|however|although|though|actually|only|just|even|at all|at least|instead"
    r"|aber"
    r"|jedoch|obwohl|trotzdem|dennoch|eigentlich|nur|überhaupt|wenigstens|mindestens|einfach|doch"
    r"|sondern|statt|ja",
    "thanks": r"thank\w*|thanks|thx|ty|ta|cheers|appreciate\w*|grateful|danke\w*|dank|merci",
    "pleased": r"great|perfect\w*|awesome|excellent|wonderful|brilliant|lovely|amazing|nice|good"
    r"|cool|works now|working now|fixed|solved|happy|glad|no (?:problem|worries|rush)|super"
    r"|perfekt|prima|klasse|wunderbar|schön\w*|gut|geklappt|klappt jetzt|funktioniert jetzt"
    r"|freu\w*"
    r"|passt|kein (?:problem|stress)|alles klar|hervorragend|spitze",
    "courtesy": r"please|hello|hi|hey|good (?:morning|afternoon|evening)|could you|would you"
    r"|kindly"
    r"|may i|sorry|excuse me|bye|bitte|hallo|guten (?:tag|morgen|abend)|könnten sie|würden sie"
    r"|entschuldig\w*|dürfte ich|schönen|tschüss|wiedersehen|grüß\w*|moin|servus",
    "agreement": r"yes|yeah|yep|ok(?:ay)?|sure|right|alright|got it|understood|i see|of course"
    r"|ja|jo|jep|gerne?|klar|genau|richtig|verstehe|verstanden|einverstanden|in ordnung"
    r"|natürlich",
    "apology": r"sorry|apolog\w*|inconvenien\w*|regret|understand (?:your|how|that|the)"
    r"|frustrat\w*"
    r"|patience|entschuldig\w*|leid|bedauer\w*|unannehmlichkeit\w*|verständnis|ärger\w*|unmut"
    r"|geduld",
    "refusal": r"unfortunately|cannot|can(?:\'t| not)|unable"
    r"|not (?:possible|able|available|allowed)|no (?:option|way)"
    r"|policy|terms|won\'t|leider|nicht möglich|können (?:wir|ich) (?:\w+ )?nicht"
    r"|kann (?:ich|ihnen) (?:\w+ ){0,3}(?:nicht|kein\w*)|richtlinie\w*|ausgeschlossen"
    r"|bedingungen",
    "put_off": r"moment|wait|working days|business days|hours|days|within|as soon as"
    r"|please (?:allow|try|contact|check|call)|forward\w*|escalat\w*|team|department"
    r"|werktage\w*|innerhalb|sobald"
    r"|bitte (?:warten|versuchen|wenden|prüfen|kontaktieren|rufen)|weitergeleitet|weiterleiten"
    r"|abteilung|kolleg\w*|stunden|tage\w*|melden uns|augenblick",
}
_PATTERNS = tuple(
    re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE) for pattern in _FAMILIES.values()
)
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")
_QUESTIONS = re.compile(r"\?")
_SHOUTED_FROM_LETTERS = 3

MAX_CHARACTERS = 2000
"""Text beyond this is not looked at: nobody says more in one turn, and cost stays bounded."""

CUE_NAMES: tuple[str, ...] = (
    *_FAMILIES,
    "exclaims",
    "exclaims_twice",
    "asks",
    "asks_twice",
    "trails_off",
    "shouts",
    "only_a_number",
)
"""What the columns of :func:`cues` say, in order."""


def clipped(text: str) -> str:
    """The part of a turn's text that is looked at: of a very long one its start and its end."""
    plain = text.strip()
    if len(plain) <= MAX_CHARACTERS:
        return plain
    half = MAX_CHARACTERS // 2
    return f"{plain[:half]} {plain[-half:]}"


def word_count(text: str) -> int:
    """Number of words."""
    return len(_WORD.findall(text))


def sentences(text: str, at_most: int) -> tuple[str, ...]:
    """The sentences of a turn by its punctuation; of many, the last ones."""
    parts = [part.strip() for part in _SENTENCE_END.split(text)]
    return tuple(part for part in parts if _WORD.search(part))[-at_most:]


def cues(text: str) -> NDArray[np.float64]:
    """One row, shape (len(CUE_NAMES),): 0 or 1, for a family of words 2 at most."""
    plain = clipped(text).replace("’", "'")
    counted = [min(sum(1 for _ in pattern.finditer(plain)), 2) for pattern in _PATTERNS]
    letters = [word for word in _WORD.findall(plain) if word.isalpha()]
    shouted = [w for w in letters if w.isupper() and len(w) >= _SHOUTED_FROM_LETTERS]
    asked = len(_QUESTIONS.findall(plain))
    marks = (
        "!" in plain,
        plain.count("!") > 1,
        asked > 0,
        asked > 1,
        "..." in plain or "…" in plain,
        len(shouted) > 0 and len(letters) > 1,
        not letters,
    )
    return np.array([*counted, *map(float, marks)], dtype=np.float64)
