"""``python -m brian2_nmda.cli``."""

import sys

from brian2_nmda.cli import main

if __name__ == "__main__":
    sys.exit(main())
