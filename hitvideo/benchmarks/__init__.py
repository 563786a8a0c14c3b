"""How fast this machine is: encoding and decoding, generating, opening the app."""
