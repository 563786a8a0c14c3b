"""Which scenes are for what: no scene that something is measured on is ever trained on.

Ranges of the seeds of `sample_scene`; a test proves them disjoint.
"""

# Something is trained on these.
TRAINING = range(0, 2_000_000)  # rendered clips and tokens, from the first on
ENTROPY = TRAINING[100_000:]  # what entropy tables are learned from: training, too
JUDGE = range(2_000_000, 3_000_000)  # what judges are trained on, the teacher of generators too
JUDGE_RUN = 100_000  # scenes for every seed of a judge's run, so that two judges never share one
OWN_CLIPS = range(100_000_000, 200_000_000)  # whose captions a generator in training writes
PAINTER = range(200_000_000, 300_000_000)  # what the painter is trained on
TOKENIZER = range(300_000_000, 400_000_000)  # stretches that a tokenizer is trained on
PLANS = range(700_000_000, 900_000_000)  # which are planned and never rendered
EYE = range(940_000_000, 950_000_000)  # what the independent eye's probe is fitted on

# Something is measured on these: nothing is ever trained on them.
JUDGE_TEST = range(3_000_000, 4_000_000)  # what judges, and codes under a judge, are measured on
CAPTIONS = range(4_000_000, 4_500_000)  # whose captions a generator is measured on
SHEET = range(4_500_000, 5_000_000)  # whose captions are the prompts of a contact sheet
HELD_OUT = range(900_000_000, 900_000_128)  # tokens that a training validates on
PAINTER_HELD_OUT = range(910_000_000, 910_000_024)  # clips that its training validates on
EYE_TEST = range(950_000_000, 960_000_000)  # what that probe is measured on
VALIDATION = range(1_000_000_000, 1_000_000_032)  # the frozen validation set of clips
