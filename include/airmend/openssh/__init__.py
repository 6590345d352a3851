"""OpenSSH's public keys and signatures, as far as people sign runbooks with them."""
