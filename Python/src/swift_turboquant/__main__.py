"""`python -m swift_turboquant` is the command `turboquant`."""

import os
import sys

import _swift_turboquant_command

if __name__ == "__main__":
    # Anew, because the package has been imported by now; see there.
    os.execv(sys.executable, [sys.executable, _swift_turboquant_command.__file__, *sys.argv[1:]])
