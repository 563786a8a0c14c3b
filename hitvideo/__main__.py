"""`python -m hitvideo`: the command line."""

import sys

from hitvideo.cli import main

sys.exit(main())
