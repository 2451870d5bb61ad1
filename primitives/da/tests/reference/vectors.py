#!/usr/bin/env python3
"""The rules of the crate's documentation, written a second time from its words alone. Prints tests/vectors/assignment.txt.

    python3 primitives/da/tests/reference/vectors.py > primitives/da/tests/vectors/assignment.txt
"""
from hashlib import sha256
from struct import pack

# Class: number, original rows, fewest rows of a seat.
CLASSES = {"tiny": (0, 1, 1), "small": (1, 8, 1), "medium": (2, 256, 10), "large": (3, 1024, 40), "huge": (4, 4096, 163)}

# Most stake of a committee.
MOST_STAKE = 2**114 - 1


def sha(*parts):
    return sha256(b"".join(parts)).digest()


def committee_id(era, seats):
    listed = b"".join(key + stake.to_bytes(16, "little") for key, stake in seats)
    return sha(b"noema/da/committee/v1", pack("<I", era), bytes([len(seats)]), listed)


def draws(seed):
    block = 0
    while True:
        digest = sha(seed, pack("<I", block))
        for at in range(0, 32, 2):
            yield int.from_bytes(digest[at : at + 2], "little")
        block += 1


def order(class_number, rows, committee, commitment, seed):
    stream = draws(sha(b"noema/da/rows/v1", bytes([class_number]), committee, commitment, seed))
    places = list(range(rows))
    for place in range(rows - 1):
        rest = rows - place
        limit = 65536 // rest * rest
        draw = next(value for value in stream if value < limit)
        other = place + draw % rest
        places[place], places[other] = places[other], places[place]
    return places


def window(rows, fewest, stakes, seat):
    total, before = sum(stakes), sum(stakes[:seat])
    first = before * rows // total
    end = -(-(before + stakes[seat]) * rows // total)
    return first, min(rows, max(end - first, fewest))


def print_vector(name, era, stakes, commitment):
    seed = sha(b"seed", commitment)
    number, original, fewest = CLASSES[name]
    rows = 4 * original
    keys = [bytes([seat + 1]) * 48 for seat in range(len(stakes))]
    committee = committee_id(era, list(zip(keys, stakes)))
    places = order(number, rows, committee, commitment, seed)
    print("class", name)
    print("era", era)
    print("stakes", *stakes)
    print("commitment", commitment.hex())
    print("seed", seed.hex())
    print("committee", committee.hex())
    print("order", sha(*(pack("<H", row) for row in places)).hex())
    print("first", *places[:16])
    for seat in range(len(stakes)):
        first, length = window(rows, fewest, stakes, seat)
        held = [places[(first + i) % rows] for i in range(length)]
        print("seat", seat, first, length, sha(*(pack("<H", row) for row in held)).hex())
    print()


print("# Written by tests/reference/vectors.py. Seat i of a committee has the key of 48 bytes i + 1.")
print("# order: SHA-256 of all rows in order, each as u16 LE; first: the first 16 of them.")
print("# seat: number, first place and length of the window, SHA-256 of the rows in it, each as u16 LE.")
print()
for index, name in enumerate(CLASSES):
    print_vector(name, 0, [1], bytes([index]) * 32)
    print_vector(name, 1, [1, 1, 1, 1], sha(b"equal", name.encode()))
    print_vector(name, 4_000_000_000, [7, 1, 10**27, 3 * 10**26, 999_999_999_999], sha(b"unequal", name.encode()))
    print_vector(name, 5, [3, MOST_STAKE - 3], sha(b"most", name.encode()))
    print_vector(name, 2, [1000 + 37 * seat * seat for seat in range(20)], sha(b"twenty", name.encode()))
print_vector("medium", 3, [10**18 + seat for seat in range(100)], sha(b"hundred"))
