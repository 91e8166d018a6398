import sys

from repository import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "scripts"))
