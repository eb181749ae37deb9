"""Appends so many lines a second to a file: `python tests/bench/log_writer.py FILE LINES_A_SECOND SECONDS`.

Prints the moment at which it began (time.monotonic), then writes in slices of time: line `n` is due n / rate seconds
later. Each is about 100 bytes long and begins with `n=` and its number in nine digits. At the end it prints how many
lines there are.
"""

import random
import sys
import time

SLICE = 0.02  # seconds
NUMBER = rb"n=(\d{9}) "


def bodies(seed: int = 3) -> list[bytes]:
    """What stands behind the number: a thousand different lines of a training."""
    rng = random.Random(seed)
    words = ("loss", "lr", "grad", "norm", "tokens", "data", "cache", "shard")
    found = []
    for _ in range(1000):
        values = " ".join(f"{rng.choice(words)}={rng.random():.4f}" for _ in range(5))
        level = "WARNING" if rng.random() < 0.01 else "INFO"
        found.append(
            f"{level} rank{rng.randrange(64)} step {rng.randrange(10**6)}/1000000 {values}"[:88].encode() + b"\n"
        )
    return found


def main() -> None:
    path, rate, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    texts = bodies()
    with open(path, "ab", buffering=0) as file:
        begun, number = time.monotonic(), 0
        print(repr(begun), flush=True)
        while (now := time.monotonic() - begun) < seconds:
            due = int(now * rate)
            file.write(b"".join([b"n=%09d %s" % (n, texts[n % 1000]) for n in range(number, due)]))
            number = due
            time.sleep(max(0.0, SLICE - (time.monotonic() - begun - now)))
    print(number, flush=True)


if __name__ == "__main__":
    main()
