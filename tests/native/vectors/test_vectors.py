"""Every case runs on every build, and every build answers every case.

One line a build says how many passed; `python -m tests.native.vectors.counts` prints them together.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.native.vectors import builds, counts, coverage
from tests.native.vectors.case import DONE, OPERATIONS, REFUSED, UNFIT, UNKNOWN, Case, failures, requests
from tests.native.vectors.every import suite

# What the sets hold today: fewer means that a set, or a part of one, is no longer read.
PUBLISHED, ALTOGETHER = 33_000, 49_000
FEW = 400  # cases for the fast tests: every so manieth of all, so that every primitive is among them


@pytest.fixture(scope="module")
def every():
    """All cases."""
    return suite()


@pytest.fixture(scope="module")
def host():
    """The build that the product ships, nothing restricted."""
    return next(build for build in builds.BUILDS if build.name == "host gcc -O3 all")


def run(build, cases):
    """Fails, saying why, where neither the processor nor an emulator has what the build is to use."""
    return failures(cases, build.answers(requests(cases)))


@pytest.mark.slow
@pytest.mark.parametrize("build", builds.BUILDS, ids=lambda build: build.name)
def test_every_case_passes(build, every):
    wrong = run(build, every.cases)
    print(counts.keep(build.name, len(every.cases), len(every.cases) - len(wrong)))
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.slow
@pytest.mark.parametrize("build", [build for build in builds.BUILDS if isinstance(build, builds.Build)], ids=lambda build: build.name)
def test_the_edges_hold(build):
    """Candidates that are passed over, sums with nothing in them, generators that refuse: edges.c."""
    assert int(build.edges().split()[0]) >= 40


@pytest.fixture
def poor(monkeypatch):
    """A host whose processor has none of the instructions; its emulator has what it has."""
    real = builds.offered
    monkeypatch.setattr(builds, "offered", lambda emulator, agent: real(emulator, agent) if emulator else 0)


def host_build(path):
    return builds.by_path("host gcc -O2", "gcc", ("-O2",), [path])[0]


def test_a_build_for_instructions_that_the_host_lacks_runs_under_an_emulator(poor):
    found = host_build("ADX")
    assert found.processor() == ("qemu-x86_64", "-cpu", "max")
    assert int(found.edges().split()[0]) >= 40


def test_one_that_the_emulator_cannot_run_either_fails_and_says_what_is_missing(poor, monkeypatch):
    monkeypatch.setattr(builds, "HOSTS", ((), ("qemu-x86_64", "-cpu", "qemu64")))
    with pytest.raises(builds.Lacking, match=r"this processor lacks ADX; qemu-x86_64 -cpu qemu64 lacks ADX\. Run the vectors"):
        host_build("ADX").processor()


def test_without_an_emulator_that_is_said_too(poor, monkeypatch):
    monkeypatch.setattr(builds, "HOSTS", ((), ("qemu-of-nowhere",)))
    with pytest.raises(builds.Lacking, match="qemu-of-nowhere is not installed"):
        host_build("SHA").processor()


def test_the_portable_build_asks_for_nothing(poor):
    assert host_build("portable").processor() == host_build("all").processor() == ()


@pytest.mark.slow
def test_every_branch_is_taken(every):
    measured = coverage.measure(every.cases)
    print(counts.keep("coverage", len(measured.branches), 0, measured.said()))
    assert not measured.missed(), "\n".join(measured.missed())


def test_a_branch_that_is_not_taken_is_found():
    branch = coverage.Branch("hash/sha256.c", 10, 1)
    line = ("hash/sha256.c", 12)
    assert coverage.Report({branch: 0}, {line: 0}, set()).missed() == ["hash/sha256.c:10: branch 1 never taken", "hash/sha256.c:12: never run"]
    assert not coverage.Report({branch: 1}, {line: 1}, set()).missed()
    assert not coverage.Report({branch: 0}, {line: 1}, {("hash/sha256.c", 10)}).missed()
    assert len(list(coverage.guards())) <= 3, "a guard is the exception"


@pytest.mark.parametrize("wrong", ["gone", "fewer"])
def test_a_build_that_skips_cases_fails(monkeypatch, tmp_path, wrong):
    monkeypatch.setattr(counts, "KEPT", tmp_path)
    counts.keep("one", 5, 5)
    assert not counts.problems({"one"})
    if wrong == "fewer":
        counts.keep("two", 4, 4)
    assert len(counts.problems({"one", "two"})) == 1


def test_a_sample_of_every_primitive_passes(host, every):
    by_operation: dict[str, list[Case]] = {}
    for case in every.cases:
        by_operation.setdefault(case.operation, []).append(case)
    some = [case for cases in by_operation.values() for case in cases[:: len(cases) // FEW + 1]]
    assert not run(host, some)


def test_no_set_is_lost(every):
    assert len(every.cases) >= ALTOGETHER
    assert sum(case.source != "computed" for case in every.cases) >= PUBLISHED
    sources = Counter(case.source.split()[0] for case in every.cases)
    for source in ("Wycheproof", "RFC", "LMS", "computed"):
        assert sources[source]


def test_every_operation_is_asked_for_and_refused(every):
    seen = Counter((case.operation, case.status) for case in every.cases)
    assert {operation for operation, _ in seen} == set(OPERATIONS)
    deciding = [name for name in OPERATIONS if name.startswith(("p256_", "decision", "compare", "lms", "merkle_v", "gcm_open", "key", "sig", "drbg", "health"))]
    for name in set(deciding) - {"p256_verify_many", "p256_generate", "signature_to_der"}:
        assert seen[name, DONE] and seen[name, REFUSED], name
    refused_in_batches = [case for case in every.cases if case.operation == "p256_verify_many" and 0 in (case.answer or b"")]
    assert len(refused_in_batches) > 100


def test_every_tag_bit_and_every_signature_bit_is_flipped(every):
    """By name: the flips that a computed section makes, on top of what was published."""
    tags = {case.arguments[4] for case in every.cases if case.operation == "gcm_open" and case.name.startswith("forged")}
    assert len(tags) >= 3 * 128
    right = [case for case in every.cases if case.operation == "p256_verify" and case.source == "computed" and case.status == DONE]
    wrong = {case.arguments for case in every.cases if case.operation == "p256_verify" and case.status == REFUSED}
    flipped = max(
        sum((*case.arguments[:2], (int.from_bytes(case.arguments[2], "big") ^ 1 << bit).to_bytes(64, "big")) in wrong for bit in range(512))
        for case in right
    )
    assert flipped == 512


def test_what_is_not_ours_is_counted_with_its_reason(every):
    reasons: Counter[str] = Counter()
    for (_, reason), count in every.not_ours.items():
        reasons[reason] += count
    for reason, count in reasons.most_common():
        print(f"vectors: not ours: {count}: {reason}")
    assert all(count > 0 and reason for reason, count in reasons.items())
    assert sum(reasons.values()) > 40_000, "AES-192 and short tags alone are more"


# -- The machinery notices what it is for.


@pytest.mark.parametrize("wrong", ["status", "answer", "missing", "more"])
def test_a_wrong_answer_is_found(host, every, wrong):
    cases = [case for case in every.cases if case.operation == "sha256"][:5]
    data = host.answers(requests(cases))
    if wrong == "status":
        cases[2] = cases[2]._replace(status=REFUSED)
    elif wrong == "answer":
        cases[2] = cases[2]._replace(answer=bytes(32))
    elif wrong == "missing":
        data = data[: len(data) * 4 // 5]
    else:
        data += data[: len(data) // 5]
    assert len(failures(cases, data)) == 1


def test_an_unknown_operation_and_a_wrong_count_are_answered_so(host):
    one = Case("", "", "sha256", (b"", b""), UNFIT, None)
    assert not failures([one], host.answers(requests([one])))
    unknown = requests([one]).replace(bytes((OPERATIONS["sha256"], 0)), bytes((99, 99)), 1)
    assert failures([one], host.answers(unknown)) == [": : sha256: unknown operation instead of unfit"]
    assert UNKNOWN == 3


def test_a_cut_request_ends_the_agent(host, every):
    data = requests(every.cases[:3])
    for cut in (1, 3, 4, 7, len(data) - 1):
        with pytest.raises(builds.Broken):
            host.answers(data[:-cut])


def test_an_agent_that_writes_outside_its_room_is_found(host, tmp_path):
    """The agent itself, with a hash that writes one byte too many."""
    right = "    sha256_hash(data->data, data->length, digest);\n"
    text = (builds.AGENT / "operations_hash.c").read_text()
    assert text.count(right) == 1
    (tmp_path / "bad.c").write_text(text.replace(right, right + "    digest[32] ^= 1;\n"))
    folder = host.agent().parent
    kept = [path for path in folder.glob("*.o") if path.name not in ("agent-operations_hash.o", "vectors-edges.o")]
    builds.run(["gcc", *builds.STRICT, f"-I{builds.AGENT}", tmp_path / "bad.c", *kept, "-o", tmp_path / "agent"])
    case = Case("", "", "sha256", (b"abc",), DONE, None)
    assert failures([case], builds.run([tmp_path / "agent", "0"], requests([case]))) == [": : sha256: overrun instead of done"]
