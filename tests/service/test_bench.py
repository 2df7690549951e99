"""The benchmark measures attestations that succeed."""

from armillary.service import bench


def test_every_rate_is_of_attestations_that_were_accepted():
    rates = bench.run(16)
    assert set(rates) == {"baseline", "rules", "http"}
    assert all(rate > 1 for rate in rates.values())
