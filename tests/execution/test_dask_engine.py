"""Dask alone: what is lost with workers and schedulers, who may be talked to, and clusters of other kinds."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import execution_tasks as tasks
import pytest
from clusters import Cluster, by_hand, kill, scheduler, start, wait_until

from crystal_studio.errors import KnownError, RequestError
from crystal_studio.execution.addresses import check_address, is_loopback
from crystal_studio.execution.dask import DaskEngine
from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.mapping import outcomes
from crystal_studio.execution.protocol import Died, Done, Outcome, Task

PATIENCE = 120.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with by_hand(tmp_path) as opened:
        yield opened


def one(engine: DaskEngine, ticket: int) -> Outcome:
    found: dict[int, Outcome] = {}
    assert wait_until(lambda: bool(found.update(engine.completed(0.5)) or ticket in found), PATIENCE)
    return found[ticket]


def test_lost_workers_lose_and_double_nothing_and_a_lost_scheduler_is_said(cluster: Cluster, tmp_path: Path) -> None:
    with closing(open_engine(cluster.address)) as engine:
        assert wait_until(lambda: engine.slots == 2, PATIENCE)
        # A worker with all its processes is killed in the middle of its tasks; another joins later.
        found = {}
        for row, outcome in outcomes(engine, (Task(tasks.wait_a_little, (x,)) for x in range(12))):
            found[row] = outcome
            if len(found) == 3:
                kill(cluster.workers[0])
                cluster.workers.append(start("-m", "crystal_studio", "worker", cluster.address, "--workers", "1"))
        assert {row: o.value for row, o in found.items() if isinstance(o, Done)} == {x: x for x in range(12)}
        mark = tmp_path / "running"
        running = engine.submit(Task(tasks.begin_and_hang, (str(mark),)))
        assert wait_until(mark.exists, PATIENCE)
        pid = int(mark.read_text())
        kill(cluster.scheduler)
        assert one(engine, running) == Died("scheduler lost")
        with pytest.raises(KnownError, match="start it again, then resume"):
            engine.submit(Task(tasks.square, (1,)))
    # What still ran ends with its workers, who end without a scheduler.
    for worker in cluster.workers:
        kill(worker)
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists() or sys.platform != "linux", PATIENCE)


def test_what_a_client_that_is_gone_has_left_is_ended(cluster: Cluster, tmp_path: Path) -> None:
    """A campaign that was killed leaves nothing that runs."""
    mark = tmp_path / "mark"
    client = start("-c", _CLIENT.format(address=cluster.address, mark=str(mark)))
    assert wait_until(mark.exists, PATIENCE)
    pid = int(mark.read_text())
    kill(client)

    def gone() -> bool:
        try:
            os.kill(pid, 0)
        except OSError:
            return True
        return False

    assert wait_until(gone, PATIENCE)


_CLIENT = """
import execution_tasks as tasks, time
from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.protocol import Task
if __name__ == "__main__":
    engine = open_engine({address!r})
    engine.submit(Task(tasks.begin_and_hang, ({mark!r},)))
    time.sleep(600)
"""


def test_a_local_cluster() -> None:
    distributed = pytest.importorskip("distributed")
    local = distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None)
    with closing(DaskEngine(local)) as engine:
        assert one(engine, engine.submit(Task(tasks.square, (7,)))).value == 49  # type: ignore[union-attr]
        assert one(engine, engine.submit(Task(tasks.leave, (3,)))) == Died("exit code 3")
    assert local.status.name == "closed"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "[::1]"])
def test_loopback_is_allowed_without_certificates(host: str) -> None:
    check_address(f"tcp://{host}:8786")
    assert is_loopback(host.strip("[]"))


@pytest.mark.parametrize("host", ["10.0.0.4", "0.0.0.0", "cluster.example.org", "127.0.0.1.example.org"])
def test_an_open_address_is_refused_with_the_way_out(host: str) -> None:
    with pytest.raises(KnownError, match="tls://"):
        open_engine(f"tcp://{host}:8786")


@pytest.mark.parametrize("name", ["tcp://", "tcp://127.0.0.1", "tls://host:port", "slurm:", "spark"])
def test_what_is_no_engine(name: str) -> None:
    with pytest.raises(RequestError):
        open_engine(name)


def test_a_scheduler_that_listens_to_the_network_is_refused(tmp_path: Path) -> None:
    process, address = scheduler(tmp_path, "--host", "0.0.0.0")
    try:
        port = address.rpartition(":")[2]
        with pytest.raises(KnownError, match=r"--host 127\.0\.0\.1"):
            open_engine(f"tcp://127.0.0.1:{port}")
    finally:
        kill(process)


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crystal_studio.execution.dask.CONNECT_SECONDS", 1.0)
    with pytest.raises(KnownError, match="does not answer"):
        open_engine("tcp://127.0.0.1:9")


def test_tls_without_certificates_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KnownError, match="TLS__CA_FILE"):
        open_engine("tls://127.0.0.1:8786")


def test_tls(tmp_path: Path) -> None:
    """Certificates as a user has them: files, named in Dask's settings."""
    import dask

    files = certificates(tmp_path)
    tls = ("--tls-ca-file", files["ca"], "--tls-cert", files["cert"], "--tls-key", files["key"])
    process, address = scheduler(tmp_path, "--protocol", "tls", *tls)
    worker = start("-m", "crystal_studio", "worker", address, "--workers", "1", *tls)
    names = {"ca-file": files["ca"], "client.cert": files["cert"], "client.key": files["key"]}
    client = {f"distributed.comm.tls.{name}": file for name, file in names.items()}
    try:
        with dask.config.set(client), closing(open_engine(address)) as engine:
            assert address.startswith("tls://")
            assert one(engine, engine.submit(Task(tasks.square, (7,)))).value == 49  # type: ignore[union-attr]
    finally:
        kill(worker)
        kill(process)


def certificates(folder: Path) -> dict[str, str]:
    """One self-signed certificate that is its own authority."""
    from distributed.security import Security

    made = Security.temporary()
    files = {"ca": made.tls_ca_file, "cert": made.tls_client_cert, "key": made.tls_client_key}
    for name, text in files.items():
        (folder / f"{name}.pem").write_text(str(text))
    return {name: str(folder / f"{name}.pem") for name in files}


_SBATCH = """#!/bin/sh
# Stands for Slurm: a submitted script runs here.
copy=$(mktemp) && cp "$1" "$copy"
setsid sh "$copy" >/dev/null 2>&1 &
echo "Submitted batch job $!"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for Slurm")
def test_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real dask-jobqueue; a script stands for ``sbatch``, another for ``scancel``."""
    pytest.importorskip("dask_jobqueue")
    for name, text in (("sbatch", _SBATCH), ("scancel", '#!/bin/sh\nkill -9 -- "-$1"\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parent)]))
    monkeypatch.setenv("HOME", str(tmp_path))
    with closing(open_engine("slurm:debug", 1)) as engine:
        assert engine.name.startswith("tls://")
        assert one(engine, engine.submit(Task(tasks.square, (7,)))).value == 49  # type: ignore[union-attr]


def test_slurm_that_is_not_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask_jobqueue")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KnownError, match="sbatch"):
        open_engine("slurm:debug", 1)
