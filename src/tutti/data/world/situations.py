"""What happens to people in invented sentences, and how they take it: eight emotions as five authors put them.

Data only. No author uses the telling words of another, so that a reader who has only learned words is at a loss with a
new author; one who knows what words mean is not. ``{s}``, ``{o}`` and ``{p}`` stand for I, me, my and their like. How
sentences are made of this is in ``sentences``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

AUTHORS = {"Anselm": "train", "Brigid": "train", "Clemens": "train", "Dorothea": "valid", "Edgar": "test"}


@dataclass(frozen=True)
class Manner:
    """How one author tells of one emotion.

    Attributes:
        events: What happened.
        reactions: How it was taken.
    """

    events: tuple[str, ...]
    reactions: tuple[str, ...]


def _five(*manners: tuple[tuple[str, ...], tuple[str, ...]]) -> Mapping[str, Manner]:
    return {author: Manner(*manner) for author, manner in zip(AUTHORS, manners, strict=True)}


ANGER = _five(
    (
        (
            "the landlord had raised the rent again without a word",
            "somebody had slashed {p} tyres in the night",
            "the clerk hung up on {o} for the third time",
            "{p} brother had lied about the money to {p} face",
            "the neighbours drilled through the wall at six on Sunday",
        ),
        (
            "{s} slammed the door so hard that the glass cracked",
            "{s} shouted until {p} voice gave out",
            "{p} hands shook with fury",
        ),
    ),
    (
        (
            "the referee ignored a foul that the whole stadium had seen",
            "the manager took credit for {p} work in front of everybody",
            "a driver cut in and then had the nerve to hoot",
            "they had read {p} diary aloud at dinner",
            "the airline lost {p} suitcase and blamed {o} for it",
        ),
        ("{s} banged {p} fist on the table", "{s} swore like a sailor", "{s} could have strangled him"),
    ),
    (
        (
            "the thief got off with a warning",
            "they cheated {o} out of the inheritance",
            "the boys were throwing stones at the cat",
            "the builder walked away and left the roof open",
            "the committee mocked {p} proposal before it was read",
        ),
        ("{s} tore the contract to pieces", "{s} was livid for a week", "the blood boiled in {p} veins"),
    ),
    (
        (
            "the ticket inspector fined a limping woman with a valid pass",
            "{p} colleague kept interrupting with a smirk",
            "the council felled every lime on the avenue",
            "someone insulted the waitress",
            "the bank charged a fee for closing {p} account",
        ),
        (
            "{s} hurled a saucepan across the room",
            "{p} jaw clenched until it ached",
            "{s} bellowed at the top of {p} lungs",
        ),
    ),
    (
        (
            "the insurance refused to pay because of a comma",
            "a bully kicked the crutches from under the veteran",
            "the editor printed {p} article as his own",
            "those louts trampled the flowerbeds for fun",
            "the ministry sneered at the nurses after the strike",
        ),
        (
            "{s} thumped the counter and demanded an apology",
            "{s} turned crimson and roared",
            "{s} seethed all evening",
        ),
    ),
)
FEAR = _five(
    (
        (
            "footsteps followed {o} down the unlit alley",
            "the ice groaned and split under {p} skates",
            "a stranger was trying the handle of the bedroom door",
            "the doctor asked {o} to come back at once, and alone",
            "the car slid towards the edge of the cliff",
        ),
        (
            "{s} hid under the stairs and held {p} breath",
            "{p} heart hammered in {p} throat",
            "{s} was too frightened to scream",
        ),
    ),
    (
        (
            "something heavy moved in the attic at midnight",
            "the lift dropped two floors and stopped in the dark",
            "the wolves were howling closer to the tent",
            "the pilot told them to brace",
            "a man with a knife stood by the cash machine",
        ),
        ("{s} trembled from head to toe", "{s} ran without looking back", "cold sweat ran down {p} spine"),
    ),
    (
        (
            "the cellar light went out by itself",
            "the tide had cut off the path behind {o}",
            "soldiers were hammering on every door of the street",
            "a snake lay coiled on {p} pillow",
            "the scaffolding swayed in the gale",
        ),
        (
            "{p} knees would not carry {o}",
            "{s} clung to the railing in panic",
            "terror took {p} voice away",
        ),
    ),
    (
        (
            "smoke crept beneath the hotel curtains",
            "the swing bridge began to buckle halfway across",
            "the phone rang nightly and nobody spoke",
            "the bull lowered its horns and charged",
            "the surgeon reached for the saw",
        ),
        ("the nape of {p} neck prickled", "{s} prayed as never before", "{s} froze like a rabbit"),
    ),
    (
        (
            "the avalanche siren wailed above the valley",
            "a shadow with no owner glided along the corridor",
            "sharks were circling the dinghy",
            "the kidnapper's van turned into {p} lane",
            "the brakes failed on the mountain pass",
        ),
        ("{s} whimpered into the blanket", "{p} teeth chattered", "{s} dared not even blink"),
    ),
)
JOY = _five(
    (
        (
            "{p} daughter took her first steps across the carpet",
            "the exam list had {p} name at the very top",
            "the whole family came home for the holiday",
            "{s} won the race by the length of a boat",
            "the garden was full of lanterns and music",
        ),
        ("{s} laughed until {p} sides hurt", "{s} danced around the kitchen", "{s} had never been so happy"),
    ),
    (
        (
            "they kissed beneath the fireworks",
            "the lost puppy came bounding up the drive",
            "the band played {p} favourite tune and everyone sang",
            "{p} grandmother woke up well again",
            "the first strawberries were ripe",
        ),
        (
            "{s} smiled all the way to the station",
            "{s} hugged every person in the room",
            "it was the merriest night of the year",
        ),
    ),
    (
        (
            "the twins were born healthy and loud",
            "the scholarship letter arrived with a golden seal",
            "the sun came out for the wedding",
            "old friends jumped out with a cake",
            "the harvest filled all three barns",
        ),
        ("{s} threw {p} hat in the air", "{s} sang in the bath", "{p} heart was as light as a feather"),
    ),
    (
        (
            "the orchestra gave {o} a standing ovation",
            "the kids splashed into the waves at last",
            "{s} proposed on the ferry and got a yes",
            "the visa was granted after nine years",
            "flakes fell softly on Christmas Eve",
        ),
        ("{s} skipped along the pavement", "{s} beamed like a lighthouse", "cheers rang over the rooftops"),
    ),
    (
        (
            "{p} team lifted the trophy in the final minute",
            "the adoption papers were signed at noon",
            "their honeymoon began with pancakes and a view",
            "the bakery gave away doughnuts for its jubilee",
            "{p} sister called to say that the tumour had vanished",
        ),
        (
            "{s} whooped and cartwheeled over the lawn",
            "{s} grinned from ear to ear",
            "it was pure bliss",
        ),
    ),
)
SADNESS = _five(
    (
        (
            "{s} buried the old dog under the pear tree",
            "{p} father did not know {o} any more",
            "the train took {p} best friend to another country",
            "the chair by the window had been empty since autumn",
            "the hospital rang before dawn with the news",
        ),
        ("{s} wept into {p} sleeve", "{s} could not eat for days", "{p} heart was broken"),
    ),
    (
        (
            "the shop where they had met was boarded up",
            "nobody came to the old man's birthday",
            "{s} found her wedding ring in the ashes",
            "the baby's cot stood unused in the spare room",
            "they lowered the coffin in the rain",
        ),
        ("tears dropped on the envelope", "{s} sat alone until the candle was out", "{s} was sick with grief"),
    ),
    (
        (
            "the orphan carried everything in one paper bag",
            "{p} wife left a note and her keys",
            "the last of the lambs did not live",
            "the war had taken all four sons",
            "{s} had to sell {p} mother's piano",
        ),
        ("{s} cried through the night", "a heaviness lay on {p} chest", "{s} never sang again"),
    ),
    (
        (
            "the widow set out two cups by habit",
            "the school closed, and swallows nested in the desks",
            "{p} only child emigrated without a farewell",
            "the photograph had faded past recognition",
            "the surviving whale circled the place for weeks",
        ),
        ("{s} sobbed behind the shed", "sorrow sat in every corner", "{s} stared at nothing for hours"),
    ),
    (
        (
            "the funeral bells tolled over the harbour",
            "dementia had stolen {p} aunt's stories one after another",
            "the divorce left {o} with half of the furniture",
            "the canary lay stiff in its cage",
            "{p} fiancé fell at the front",
        ),
        ("{s} mourned without a sound", "loneliness settled like dust", "{p} lashes were wet till morning"),
    ),
)
SURPRISE = _five(
    (
        (
            "a parrot on the bus greeted {o} by name",
            "the box that {s} had bought for a pound held a violin",
            "a twin of whom nobody had ever told {o} stood at the gate",
            "in the middle of July it began to snow",
            "the statue in the park lifted its arm",
        ),
        ("{s} could not believe {p} eyes", "{s} dropped the tray", "{p} mouth fell open"),
    ),
    (
        (
            "out of the pie climbed a small green frog",
            "the quiet cobbler turned out to be a prince",
            "the number on the lottery ticket was the one on the screen",
            "the empty house was suddenly full of people",
            "the stone was warm and began to speak",
        ),
        ("{s} had to sit down", "nobody had expected that", "{s} pinched {p} arm"),
    ),
    (
        (
            "the moon was blue that night",
            "a letter arrived forty years late",
            "the dog came back with a slipper and a pearl",
            "the teacher pulled off his beard and was a woman",
            "overnight the pond had gone",
        ),
        ("{s} rubbed {p} eyes", "{s} gasped aloud", "it took {p} breath away"),
    ),
    (
        (
            "a submarine surfaced in the canal",
            "the mute boy recited the whole poem",
            "the beggar paid for supper with a diamond",
            "the clock struck thirteen",
            "behind the wallpaper was a second staircase",
        ),
        ("{s} looked twice", "astonishment ran through the crowd", "{s} spilled the tea"),
    ),
    (
        (
            "the tortoise outran the postman",
            "the opera singer emerged from the laundry chute",
            "an elephant was waiting at the crossing",
            "the estate went to the gardener's goose",
            "the fog lifted, and there was a castle",
        ),
        ("{s} did a double take", "eyebrows shot up all round", "{s} was utterly dumbfounded"),
    ),
)
DISGUST = _five(
    (
        (
            "there were maggots in the rice",
            "the man opposite was picking his nose and eating it",
            "the toilet had overflowed into the hall",
            "somebody had vomited on the seat",
            "the milk came out in lumps",
        ),
        ("{s} gagged", "{s} pushed the plate away", "{p} stomach turned"),
    ),
    (
        (
            "a rat had died behind the oven",
            "the cook sneezed over the soup",
            "slime dripped from the tap",
            "the dustbins had stood in the sun for two weeks",
            "{s} stepped barefoot into something soft",
        ),
        ("{s} held {p} nose", "{s} had to spit", "the stench stayed in {p} clothes"),
    ),
    (
        (
            "hair and grease had clogged the drain",
            "the butcher wiped the knife on a filthy apron",
            "a boy boasted of drowning the kittens",
            "cockroaches ran out of the cupboard",
            "the bandage was yellow with pus",
        ),
        ("{s} felt sick", "{s} shuddered and washed {p} hands", "{s} looked away in revulsion"),
    ),
    (
        (
            "mould furred the loaf",
            "a leech hung from {p} ankle",
            "the drunkard relieved himself in the font",
            "the fishmonger's bucket crawled with flies",
            "toenails floated in the basin",
        ),
        ("{s} retched", "{p} lip curled", "bile rose in {p} gullet"),
    ),
    (
        (
            "the carcass had bloated in the heat",
            "worms wriggled out of the cheese",
            "the guest licked the serving spoon and put it back",
            "sewage bubbled up through the shower",
            "scabs and phlegm covered the sheet",
        ),
        ("{s} recoiled", "{s} was nauseous for hours", "the whiff made {o} choke"),
    ),
)
GUILT = _five(
    (
        (
            "{s} had copied the answers, and somebody else was expelled for it",
            "{s} forgot to pick {p} son up from school",
            "{s} told {p} mother that there was no money, and there was",
            "{s} let {p} friend pay the fine",
            "the cat died because {s} had left the gate open",
        ),
        (
            "{s} wished that {s} could undo it",
            "{s} could not look at the photograph",
            "it weighed on {p} conscience",
        ),
    ),
    (
        (
            "{s} had promised to visit the old teacher and never went",
            "{s} read the message that was not meant for {o}",
            "{s} was driving when the accident happened",
            "{s} kept the wallet with the pensioner's rent",
            "{s} had betrayed the secret for a joke",
        ),
        ("{s} lay awake over it", "{s} knew that it was {p} fault", "{s} wanted to confess"),
    ),
    (
        (
            "{s} had broken the vow within a month",
            "{s} blamed the apprentice for the broken vase",
            "{s} ate the last bread while the others were hungry",
            "{s} missed the deadline, and the whole team was sacked",
            "{s} struck the child and saw its face",
        ),
        ("remorse gnawed at {o}", "{s} asked for forgiveness", "{s} should have known better"),
    ),
    (
        (
            "{s} spent the charity's donations on a cruise",
            "{s} hit a deer and sped on",
            "{s} pretended to be ill when grandfather needed {o}",
            "{s} abandoned the climbing partner on the ridge",
            "{s} slandered a rival who then lost his post",
        ),
        ("{s} brooded over the harm", "{s} begged pardon", "the deed haunted {o}"),
    ),
    (
        (
            "{s} neglected the aquarium until the guppies perished",
            "{s} had signed the dismissal of {p} own cousin",
            "{s} fibbed to the widower about the diagnosis",
            "{s} skipped the vigil to watch football",
            "{s} overslept, and the patient got no medicine",
        ),
        ("{s} repented bitterly", "{s} longed to make amends", "self-reproach kept {o} company"),
    ),
)
SHAME = _five(
    (
        (
            "{p} trousers split in front of the whole class",
            "{s} forgot the speech after the second line",
            "the teacher read {p} love letter aloud",
            "{s} was caught with the chocolate in {p} coat",
            "everybody saw {o} crying at the party",
        ),
        (
            "{s} blushed to the roots of {p} hair",
            "{s} wanted the ground to swallow {o}",
            "{s} could not meet anyone's gaze",
        ),
    ),
    (
        (
            "{s} called the director by the wrong name twice",
            "{s} was the only one who failed",
            "{p} card was declined with a queue behind {o}",
            "{s} had bragged and came last",
            "the microphone was still on in the toilet",
        ),
        ("{s} hid {p} face", "{p} ears burned", "{s} left by the back door"),
    ),
    (
        (
            "{s} wet the bed at the camp",
            "{p} parents shouted at each other in the restaurant",
            "{s} laughed at the wrong moment of the mass",
            "{s} could not read what was on the board",
            "they found out that the story was invented",
        ),
        ("{s} turned red as a beet", "{s} wished to be invisible", "{s} stayed away for a month"),
    ),
    (
        (
            "{s} waved at somebody who had meant another",
            "{s} tripped on the runway and lost a heel",
            "the priest overheard {p} dirty limerick",
            "{s} was stripped of the medal",
            "{p} accent made the jury giggle",
        ),
        ("{s} cringed", "{p} cheeks glowed", "{s} slunk out with a bowed head"),
    ),
    (
        (
            "{s} belched during the minute of silence",
            "{p} plagiarism was projected onto the auditorium ceiling",
            "{s} arrived in fancy dress at a formal dinner",
            "the swimming trunks slipped off at the pool",
            "{s} bungled the anthem before thousands",
        ),
        ("{s} squirmed", "{s} was mortified", "{s} shrank into {p} collar"),
    ),
)
EMOTIONS: Mapping[str, Mapping[str, Manner]] = {
    "anger": ANGER,
    "disgust": DISGUST,
    "fear": FEAR,
    "guilt": GUILT,
    "joy": JOY,
    "sadness": SADNESS,
    "shame": SHAME,
    "surprise": SURPRISE,
}
