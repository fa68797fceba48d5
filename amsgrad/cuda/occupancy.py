"""How many threads a multiprocessor of a GPU holds at once: by registers, and by shared memory.

The sizes are those of an H100 (CUDA C++ Programming Guide, technical specifications per compute
capability 9.0); an older device holds fewer. What is chosen by them is a plan: none was measured.
"""

WARP = 32  # threads, the fewest per block
SHARED = 48 * 1024  # bytes that a block may share on every device
MULTIPROCESSOR = 228 * 1024  # bytes that its blocks may share
RESERVED = 1024  # bytes of them that each block takes for itself
BLOCKS = 32  # on a multiprocessor, at most
REGISTERS = 65_536  # of a multiprocessor
FEWEST, MOST = 80, 248  # registers of a thread, in steps of 8


def resident(threads: int, shared: int) -> int:
    """Return how many threads fit in blocks of so many that share so many bytes."""
    return threads * min(BLOCKS, MULTIPROCESSOR // (shared + RESERVED))


def registers_of(threads: int) -> int:
    """Return how many registers each of so many resident threads may have.

    By ptxas 13.0 for sm_90 what does not fit in 80 is moved between stretches, and hardly ever
    inside the loop over the steps. With 80 a multiprocessor holds 768 threads.
    """
    return max(FEWEST, min(MOST, REGISTERS // threads // 8 * 8))


def block_of(own: int) -> int:
    """Return how many threads, at most 128, fit in a block that shares so many bytes for each.

    0 if not even a warp does.
    """
    fitting = [n for n in (128, 64, WARP) if n * own <= SHARED]
    return fitting[0] if fitting else 0
