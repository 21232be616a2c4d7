#!/usr/bin/env python3
"""Signs a token that may subscribe to news/** for ten minutes. Needs PyJWT: pip install pyjwt.

    mint.py path/to/jwt.secret
"""
import pathlib, sys, time

import jwt

secret = pathlib.Path(sys.argv[1]).read_bytes()
claims = {"sub": "joe", "exp": int(time.time()) + 600, "crier": {"subscribe": ["news/**"]}}
print(jwt.encode(claims, secret, "HS256"))
