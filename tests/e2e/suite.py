# SPDX-License-Identifier: BSD-2-Clause
# A small runner for end-to-end tests: functions in order, counted, with the closing line that tests/run reads.

import sys
import traceback


class Skip(Exception):
    pass


def run(tests):
    """Each test is a function without arguments; its doc string is its name. Returns the exit status."""
    passed = failed = skipped = 0
    for test in tests:
        name = test.__doc__
        try:
            test()
            passed += 1
            print(f"passed {name}", flush=True)
        except Skip as reason:
            skipped += 1
            print(f"SKIP {name}: {reason}", flush=True)
        except Exception as error:  # an assertion, or what else goes wrong in a test
            failed += 1
            where = traceback.extract_tb(sys.exc_info()[2])[-1]
            print(f"FAILED {name}: {type(error).__name__}: {error} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno}: {where.line})",
                  flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed + skipped else 0
