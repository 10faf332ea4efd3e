#!/usr/bin/env python3
"""The demo: a whole installation on this machine, driven through `kleis` and `openssl` alone.

    demo.py --kleisd PATH --kleis PATH

A prescriber, a patient with two devices, a care organisation, a pharmacy and an insurer enrol, publish keys
and exchange a prescription. Then the demo turns against its own databases and shows that it wins nothing.
Each step prints one line; the first check that does not hold ends the demo with exit code 1.
"""

import argparse
import signal
import sys

# Nothing is left behind, not even compiled modules.
sys.dont_write_bytecode = True

import attacks
import scenes
from stage import Failed, Stage


def arguments():
    parser = argparse.ArgumentParser(description="Shows Kleis at work on this machine.")
    parser.add_argument("--kleisd", required=True, help="the server's binary")
    parser.add_argument("--kleis", required=True, help="the client's binary")
    return parser.parse_args()


def play(stage):
    """The whole demo, in order."""
    play = scenes.Play(stage)
    play.set_up()
    play.enrol()
    play.publish()
    play.known_recipients()
    play.unknown_readers()
    play.access_tokens()
    attacks.on_key_sets(play)
    attacks.on_roles(play)
    attacks.on_custody(play)
    attacks.on_the_audit(play)


def main():
    """Plays; the exit code."""
    options = arguments()
    # Whoever ends us by a signal wants the processes and the files gone, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with Stage(options.kleisd, options.kleis) as stage:
            play(stage)
    except Failed:
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is left behind", file=sys.stderr)
        return 130
    print(f"\nAll {stage.steps} steps went as they should. Nothing is left behind.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
