"""Attestation: what earns a certificate, and each thing that does not."""


def test_a_device_that_proves_itself_gets_a_day_of_certificate(lab, device):
    verdict = lab.attest(device)
    assert verdict.status == 200, verdict.answer
    assert verdict.answer["not_after"] == lab.clock() + 86_400
    assert verdict.answer["tenants"] == {}
