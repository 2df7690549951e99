"""Ring 5, the security service: attestation, certificates, updates, failure reports, threats."""
