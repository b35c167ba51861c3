"""The program: `analytics-sync`, or `python -m analytics_sync`."""

import gc
import os
import sys
import warnings


def main() -> None:
    """Run the command line, and end with its exit status."""
    # Little of what libraries make while they load is garbage: looking for it as often as usual
    # takes a tenth of the time of a short command. A sync has made 100,000 objects when it sends
    # its first request, and a search among those takes as long as ten requests.
    gc.set_threshold(200_000)
    _stand_in_for_closed_streams()
    _keep_to_words()
    from analytics_sync.cli.frame import run

    status = run(sys.argv[1:])
    # Where Ctrl-C fell into source text that a library executes (a dataclass), Python remembers it as
    # never handled and would end by the signal in place of our status. The next text clears that.
    exec("")  # noqa: S102
    # Nor is the end of the process the time to look through all of it, twice.
    gc.freeze()
    sys.exit(status)


def _stand_in_for_closed_streams() -> None:
    """Open `/dev/null` where a standard stream is closed (`>&-`).

    The next file to be opened, a lock or the log, would get its number, and a child process or a
    stray print would write into that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w"))
    # What a terminal's encoding lacks is shown as \xe9 or \u6f22 instead of ending the program.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _keep_to_words() -> None:
    """Let libraries' warnings, and what fails while it is thrown away, go to the log alone.

    Ctrl-C may tear an event loop in the middle of being made, which then complains as it goes.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    sys.unraisablehook = _note


def _note(what: "sys.UnraisableHookArgs") -> None:
    import logging

    logging.getLogger("analytics_sync").debug("%s: %r", what.err_msg or "ignored", what.exc_value)


if __name__ == "__main__":
    main()
