"""A buffer in a folder, in processes of its own: killed in the midst, and short of memory."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rlbatch.errors import FileError
from rlbatch.replay import Prioritised, ReplayBuffer
from rlbatch.replay.storage import disk_ring

ROOT = Path(__file__).parents[3]
LINE = spaces.Box(-np.inf, np.inf, (300,), np.float32)
TWO = spaces.Discrete(2)


def made(folder: Path | None, capacity: int = 200) -> ReplayBuffer:
    return ReplayBuffer(capacity, LINE, TWO, sampler=Prioritised(), n_step=3, path=folder)


def step(buffer: ReplayBuffer) -> int:
    """The next of a stream of steps; the buffer's own counter of draws tells which."""
    n = int(buffer.state_dict()["draws"])
    obs = np.full((2, 300), n, np.float32)
    buffer.add(obs, [n % 2, 0], [n, -n], obs + 1, [n % 7 == 0, False], [False, n % 11 == 0])
    batch = buffer.sample(8)
    buffer.update_priorities(batch.row, batch.reward)
    return n + 1


def go_on(folder: Path) -> None:
    """What the child does until it is killed."""
    disk_ring.LEAST = 1  # so that a flush is always due: 12 rows are to spare
    buffer = made(folder)
    while True:
        print(step(buffer), flush=True)


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that knows this file as `test`."""
    start = (
        "import sys, importlib.util as u; "
        f"spec = u.spec_from_file_location('test', {__file__!r}); "
        "test = u.module_from_spec(spec); spec.loader.exec_module(test); "
    )
    command = [sys.executable, "-c", start + code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="locks and signals of Unix")
def test_a_process_killed_again_and_again_leaves_its_last_flush_each_time(tmp_path: Path) -> None:
    twin, done = made(None), 0
    for _ in range(2):
        with run("from pathlib import Path; test.go_on(Path(sys.argv[1]))", tmp_path) as child:
            assert child.stdout is not None
            while int(child.stdout.readline()) < done + 100:
                pass
            with pytest.raises(FileError, match="no other buffer is open in"):
                made(tmp_path)
            time.sleep(0.01)  # anywhere in a step
            child.send_signal(signal.SIGKILL)
            told = [int(line) for line in child.stdout.read().split()]
        assert child.returncode == -signal.SIGKILL
        opened = made(tmp_path).state_dict()
        flushed = int(opened["draws"])
        assert flushed > max([done + 100, *told]) - 20
        for _ in range(flushed - done):
            step(twin)
        expected, done = twin.state_dict(), flushed
        assert all(torch.equal(opened[name], expected[name]) for name in expected)


def fill(folder: Path) -> None:
    """Writes and draws 200 MB of rows, twice over, where 100 MB of memory may be had."""
    import resource

    capacity = 200_000_000 // (8 * made(None).layout.words)
    step(made(None))  # compiles what it needs
    used = next(n for n in Path("/proc/self/status").read_text().splitlines() if "VmData" in n)
    limit = int(used.split()[1]) * 1024 + 100_000_000
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    with pytest.raises(MemoryError):
        made(None, capacity)
    buffer = made(folder, capacity)
    obs, ends = np.zeros((500, 300), np.float32), np.ones(500, bool)
    for n in range(2 * capacity // 500):
        buffer.add(obs + n, np.zeros(500, int), np.full(500, n), obs, ends, ends)
    batch = buffer.sample(1000)
    assert torch.equal(batch.obs[:, 7], batch.reward)
    buffer.flush()
    print("filled")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_rows_on_disk_may_exceed_the_memory_there_is(tmp_path: Path) -> None:
    with run("from pathlib import Path; test.fill(Path(sys.argv[1]))", tmp_path) as child:
        assert child.communicate()[0] == "filled\n"
