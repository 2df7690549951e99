"""`armillary bench crypto`: its rows, its ratios, and what it says where a peer is missing."""

import json
import os
import sys

import pytest

from armillary.cli import measure_crypto, measure_device
from armillary.cli.measure_crypto import Row
from armillary.cli.peers import Tpm, TpmFailed

ROWS = [
    "SHA-256 64 B", "SHA-256 64 KiB", "SHA-256 of 128 pages", "HMAC 64 B", "HKDF 32 B", "AES-256-GCM seal 64 B",
    "AES-256-GCM open 64 B", "AES-256-GCM seal 1 KiB", "AES-256-GCM open 1 KiB", "AES-256-GCM seal 64 KiB",
    "AES-256-GCM open 64 KiB", "P-256 sign", "P-256 verify, unknown key", "P-256 verify, known key",
    "P-256 verify, batch of 16", "P-256 ECDH", "image verify and measure, 512 KiB",
]  # fmt: skip


def test_the_ratio_is_the_peers_time_by_ours():
    figure = measure_crypto.figure("x", 2.0, "peer", [(1.0, 3.0), (2.0, 8.0), (1.0, 5.0)])
    assert (figure["us"], figure["peer_us"], figure["ratio"], figure["goal"]) == (1.0, 5.0, 4.0, 2.0)


def test_a_slow_peer_gives_a_high_ratio():
    row = Row("x", 1.0, "peer", lambda: sum(range(10)), lambda: sum(range(4000)))
    assert measure_crypto.measure(row, 3)["ratio"] > 5


def test_a_batch_counts_for_each_of_its_parts():
    act = lambda: sum(range(2000))  # noqa: E731
    assert measure_crypto.measure(Row("x", None, "peer", act, act, 10), 5)["ratio"] == pytest.approx(1, rel=0.5)


def test_the_rows_are_those_of_the_table():
    found = [row.what for row in measure_crypto.rows() if row.goal is not None]
    assert found == ROWS


def test_both_sides_of_every_row_work_and_ours_is_timed():
    for row in measure_crypto.rows():
        assert row.ours is not None
        row.ours()
        if row.theirs is not None:
            row.theirs()


def test_without_imgtool_the_row_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "imgtool", None)
    figure = measure_crypto.measure(measure_crypto.image(), 1)
    assert figure["missing"] == "pip install imgtool" and "ratio" not in figure


def test_without_swtpm_the_row_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TpmFailed, match="not installed"):
        Tpm(tmp_path / "tpm")
    assert measure_device.evidence(1)["missing"] == "apt-get install swtpm"


def test_the_command_prints_json(armillary, monkeypatch):
    monkeypatch.setattr(measure_crypto, "rows", lambda: iter([Row("one", 1.0, "peer", lambda: 1, lambda: 2)]))
    monkeypatch.setattr(measure_device, "evidence", lambda: {"what": "evidence"})
    found = json.loads(armillary.good("bench", "crypto", "--output", "json"))
    assert [figure["what"] for figure in found["figures"]] == ["engine", "one", "evidence"]


@pytest.mark.slow
def test_a_device_in_its_boxes_makes_evidence(tmp_path):
    """Without a TPM to compare with: that the device's side of the measurement runs."""

    class Still:
        pid = os.getpid()

        def quote(self, nonce):
            return nonce

    taken = measure_device._evidence_rounds(tmp_path / "device", Still(), 2)
    assert len(taken) >= 1 and all(ours > 1 for ours, _ in taken)
