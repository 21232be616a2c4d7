"""Tokens that PyJWT makes: every algorithm is accepted, and every broken variant refused with its own reason."""
import base64, hashlib, hmac, http.client, http.server, json, os, pathlib, shutil, signal, subprocess, tempfile, threading, time, unittest

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from notifying import Notifying
from proxies import free_port

CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
HMAC = ["HS256", "HS384", "HS512"]
RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
CLAIMS = {"crier": {"subscribe": ["a"]}}


def pem(key, private=False):
    if private:
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def jwk(key, kid, **members):
    family = {rsa.RSAPrivateKey: jwt.algorithms.RSAAlgorithm, ed25519.Ed25519PrivateKey: jwt.algorithms.OKPAlgorithm}
    algorithm = family.get(next((kind for kind in family if isinstance(key, kind)), None), jwt.algorithms.ECAlgorithm)
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **members}


def encode(part):
    return base64.urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode()).rstrip(b"=").decode()


def request(port, method, path, fields={}):
    """The status, the fields in lower case and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers=fields)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


class KeyServer:
    """Serves a key set that a test can change, and counts the fetches."""

    def __init__(self):
        self.keys, self.fetches, self.status = [], 0, 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.fetches += 1
                body = json.dumps({"keys": outer.keys}).encode()
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Daemon(unittest.TestCase):
    """A crier with the rules of a test."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="crier-tokens-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.port = free_port()

    def start(self, rules):
        self.write(rules)
        log = (self.directory / "log").open("ab")
        self.addCleanup(log.close)
        self.crier = Notifying([os.environ["BINARY"], "serve", "--config", self.directory / "crier.toml"], stderr=log)
        self.addCleanup(self.crier.wait)
        self.addCleanup(self.crier.terminate)
        self.assertEqual(request(self.port, "GET", "/healthz")[0], 200)

    def write(self, rules):
        text = f'[[listen]]\naddress = "127.0.0.1:{self.port}"\n[limits]\nhead = "256KiB"\n' + rules
        (self.directory / "crier.toml").write_text(text)

    def reload(self):
        self.crier.send_signal(signal.SIGHUP)

    def file(self, name, content):
        (self.directory / name).write_bytes(content)
        return self.directory / name

    def eventually(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while True:
            try:
                if condition():
                    return
            except OSError:
                pass
            self.assertLess(time.monotonic(), end, (self.directory / "log").read_text())
            time.sleep(0.02)

    def ask(self, token):
        """The status of a subscription (HEAD has no stream), and the reason in the challenge."""
        status, fields, _ = request(self.port, "HEAD", "/events/a", {"Authorization": f"Bearer {token}"})
        challenge = fields.get("www-authenticate", "")
        return status, challenge.partition('error_description="')[2].rstrip('"')

    def accepts(self, token):
        self.assertEqual(self.ask(token), (200, ""))

    def refuses(self, token, reason):
        self.assertEqual(self.ask(token), (401, reason))


class EveryAlgorithm(Daemon):
    @classmethod
    def setUpClass(cls):
        cls.rsa = rsa.generate_private_key(65537, 2048)
        cls.curves = {name: ec.generate_private_key(curve) for name, curve in CURVES.items()}
        cls.ed25519 = ed25519.Ed25519PrivateKey.generate()

    def keys(self):
        for name in RSA:
            yield name, self.rsa
        yield from self.curves.items()
        yield "EdDSA", self.ed25519

    def test_with_keys_in_files(self):
        """A token of every algorithm is accepted by the key of its own, and of another one not."""
        secret = os.urandom(64)
        rules = ""
        for name in HMAC:
            rules += f'[[access.jwt]]\nsecret = "{self.file("secret", secret)}"\nalgorithms = ["{name}"]\nkid = "{name}"\n'
        for name, key in self.keys():
            rules += f'[[access.jwt]]\nkey = "{self.file(name + ".pem", pem(key))}"\nalgorithms = ["{name}"]\nkid = "{name}"\n'
        self.start(rules)
        for name in HMAC:
            self.accepts(jwt.encode(CLAIMS, secret, name, headers={"kid": name}))
        for name, key in self.keys():
            with self.subTest(name):
                self.accepts(jwt.encode(CLAIMS, key, name, headers={"kid": name}))
                self.refuses(jwt.encode(CLAIMS, key, name, headers={"kid": "other"}), "The key of the token is not known.")
                stranger = rsa.generate_private_key(65537, 2048) if name in RSA else \
                    ed25519.Ed25519PrivateKey.generate() if name == "EdDSA" else ec.generate_private_key(CURVES[name])
                self.refuses(jwt.encode(CLAIMS, stranger, name, headers={"kid": name}), "The signature of the token is wrong.")

    def test_with_a_key_set(self):
        """A key set of all kinds serves every algorithm, and its keys for other uses count for nothing."""
        keys = [jwk(key, name, alg=name) for name, key in self.keys()]
        keys += [jwk(self.rsa, "enc", use="enc"), {"kty": "oct", "kid": "HS256", "k": encode(b"x" * 32)}, {"kty": "future"}]
        path = self.file("set.json", json.dumps({"keys": keys}).encode())
        self.start(f'[[access.jwt]]\njwks = "{path}"\n')
        for name, key in self.keys():
            with self.subTest(name):
                self.accepts(jwt.encode(CLAIMS, key, name, headers={"kid": name}))
                self.accepts(jwt.encode(CLAIMS, key, name))
        self.refuses(jwt.encode(CLAIMS, self.rsa, "RS256", headers={"kid": "enc"}), "The key of the token is not known.")
        self.refuses(jwt.encode(CLAIMS, b"x" * 32, "HS256", headers={"kid": "HS256"}),
                     "The algorithm of the token is not one that is configured.")

    def test_crier_signs_what_pyjwt_accepts(self):
        """PyJWT accepts the tokens of `crier token mint`, with the key set of `crier token jwks`."""
        binary = os.environ["BINARY"]
        files = []
        for name, key in self.keys():
            path = self.file(name + ".pem", pem(key, private=True))
            files.append(f"{name}={path}")
            token = subprocess.check_output([binary, "token", "mint", "--key", path, "--algorithm", name, "--kid", name,
                                             "--subscribe", "a", "--audience", "b"], text=True).strip()
            claims = jwt.decode(token, key.public_key(), [name], audience="b")
            self.assertEqual(claims["crier"], {"subscribe": ["a"]})
        printed = json.loads(subprocess.check_output([binary, "token", "jwks", *files]))
        for key, (name, own) in zip(printed["keys"], self.keys()):
            self.assertEqual({**jwk(own, name), "key_ops": None}, {**jwk(own, name), "key_ops": None} | {k: v for k, v in key.items() if k not in ("use", "alg")})


class EveryBrokenVariant(Daemon):
    def setUp(self):
        super().setUp()
        self.key = rsa.generate_private_key(65537, 2048)
        self.other = rsa.generate_private_key(65537, 2048)
        one, two = self.file("one.pem", pem(self.key)), self.file("two.pem", pem(self.other))
        empty = self.file("empty.json", b'{"keys":[]}')
        self.start(f"""
            [access]
            leeway = "0s"
            [[access.jwt]]
            key = "{one}"
            algorithms = ["RS256"]
            kid = "one"
            issuer = "https://id.example"
            audience = "crier"
            [[access.jwt]]
            key = "{two}"
            algorithms = ["RS256"]
            kid = "two"
            [[access.jwt]]
            jwks = "{empty}"
            """)

    def token(self, claims={}, key=None, kid="one", algorithm="RS256"):
        claims = {**CLAIMS, "iss": "https://id.example", "aud": "crier", **claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key or self.key, algorithm, headers={"kid": kid})

    def signed(self, header, payload):
        """A token with any header and payload, signed with the right key."""
        signed = f"{encode(header)}.{encode(payload)}"
        return f"{signed}.{encode(jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(signed.encode(), self.key))}"

    def test_is_refused_with_its_own_reason(self):
        now = int(time.time())
        good = self.token()
        self.accepts(good)
        self.accepts(self.token({"exp": now + 60, "nbf": now - 1, "aud": ["x", "crier"]}))
        header, payload, signature = good.split(".")
        wrong_algorithm = "The algorithm of the token is not one that is configured."
        unknown = "The token is not known, and it is not a JSON Web Token."
        bad_signature = "The signature of the token is wrong."
        right = {"alg": "RS256", "kid": "one"}
        claims = f'"crier":{{"subscribe":["a"]}},"iss":"https://id.example","aud":"crier"'
        self.accepts(self.signed(right, f"{{{claims}}}".encode()))
        self.refuses(jwt.encode(CLAIMS, None, "none"), wrong_algorithm)
        self.refuses(f'{encode({"alg": "none", "kid": "one"})}.{payload}.', wrong_algorithm)
        # With the public key as the secret of an HMAC, as a library would do that believes the token's algorithm.
        swapped = f'{encode({"alg": "HS256", "kid": "one"})}.{payload}'
        self.refuses(f"{swapped}.{encode(hmac.digest(pem(self.key), swapped.encode(), hashlib.sha256))}", wrong_algorithm)
        self.refuses(self.token({"exp": now - 1}), "The token has expired.")
        self.refuses(self.token({"nbf": now + 60}), "The token is not valid yet.")
        self.refuses(self.token({"aud": "other"}), "The token is for another audience.")
        self.refuses(self.token({"aud": None}), "The token is for another audience.")
        self.refuses(self.token({"iss": "https://evil.example"}), "The token comes from another issuer.")
        self.refuses(self.token({"iss": None}), "The token comes from another issuer.")
        self.refuses(self.token(key=self.other), bad_signature)
        self.refuses(self.token(kid="two"), bad_signature)
        self.refuses(self.token(kid="three"), "The key of the token is not known.")
        self.refuses(good[:-10], bad_signature)
        self.refuses(f"{header}.{payload}", unknown)
        self.refuses(f"{header}.{payload}.", bad_signature)
        self.refuses(f"{header}.{payload}.{signature}=", unknown)
        self.refuses(f"{good}.{signature}", unknown)
        self.refuses("A" * 65536, "The token is longer than 16384 bytes.")
        self.refuses(self.token({"pad": "x" * 65536}), "The token is longer than 16384 bytes.")
        self.refuses(self.signed(right, f'{{{claims},"exp":1,"exp":{now + 60}}}'.encode()), "The token has a claim twice.")
        self.refuses(self.signed(right, f'{{{claims},"crier":{{"subscribe":["**"]}}}}'.encode()), "The token has a claim twice.")
        self.refuses(self.signed(b'{"alg":"RS256","kid":"one","kid":"two"}', f"{{{claims}}}".encode()), "The token has a claim twice.")
        nested = f'{{{claims},"x":{"[" * 5000}{"]" * 5000}}}'.encode()
        self.refuses(self.signed(right, nested), "The JSON of the token is nested too deeply.")
        self.refuses(self.signed(b"[" * 5000, f"{{{claims}}}".encode()), "The header or the claims of the token are not a JSON object.")
        self.refuses(self.signed(right, b"[]"), "The header or the claims of the token are not a JSON object.")
        self.refuses(self.signed(right, b"{\xff}"), "The header or the claims of the token are not a JSON object.")
        self.refuses(self.signed({**right, "crit": ["exp"]}, f"{{{claims}}}".encode()), "The token needs an extension that is not supported (crit).")
        self.refuses(self.signed({**right, "alg": "rs256"}, f"{{{claims}}}".encode()), wrong_algorithm)
        # The keys that a token brings along count for nothing.
        stranger = rsa.generate_private_key(65537, 2048)
        self.refuses(jwt.encode(CLAIMS, stranger, "RS256", headers={"kid": "one", "jwk": jwk(stranger, "one")}), bad_signature)
        self.accepts(good)


class AKeySetAtAURL(Daemon):
    def setUp(self):
        super().setUp()
        self.server = KeyServer()
        self.addCleanup(self.server.stop)
        self.old, self.new = (ec.generate_private_key(CURVES["ES256"]) for _ in range(2))

    def token(self, key, kid):
        return jwt.encode(CLAIMS, key, "ES256", headers={"kid": kid})

    def test_serves_and_its_last_good_keys_stay_when_a_fetch_fails(self):
        self.server.keys = [jwk(self.old, "old")]
        self.start(f'[[access.jwt]]\njwks = "{self.server.url}"\n')
        self.eventually(lambda: self.ask(self.token(self.old, "old"))[0] == 200)
        for change in [{"status": 500}, {"status": 200, "keys": "nonsense"}]:
            vars(self.server).update(change)
            fetches = self.server.fetches
            self.reload()
            self.eventually(lambda: self.server.fetches > fetches)
            self.accepts(self.token(self.old, "old"))
        self.refuses(self.token(self.new, "new"), "The key of the token is not known.")
        # A key that is gone ends the streams that it let in.
        stream = subprocess.Popen(["curl", "-sN", "-H", f"Authorization: Bearer {self.token(self.old, 'old')}",
                                   f"http://127.0.0.1:{self.port}/events/a"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(stream.stdout.close)
        self.assertEqual(stream.stdout.readline(), ":ok\n")
        self.server.keys = [jwk(self.new, "new")]
        self.reload()
        self.assertIn('event: crier.expired\ndata: {"reason":"revoked"}', stream.stdout.read())
        stream.wait()
        self.accepts(self.token(self.new, "new"))
        self.refuses(self.token(self.old, "old"), "The key of the token is not known.")

    def test_that_has_not_come_yet_makes_a_client_wait_and_not_give_up(self):
        self.server.status = 500
        self.start(f'[[access.jwt]]\njwks = "{self.server.url}"\n')
        status, fields, _ = request(self.port, "HEAD", "/events/a", {"Authorization": f"Bearer {self.token(self.old, 'old')}"})
        self.assertEqual((status, "retry-after" in fields), (503, True))

    def test_costs_few_fetches_however_many_unknown_keys_come(self):
        self.server.keys = [jwk(self.old, "old")]
        self.start(f'[[access.jwt]]\njwks = "{self.server.url}"\n')
        self.eventually(lambda: self.ask(self.token(self.old, "old"))[0] == 200)
        for number in range(300):
            self.refuses(self.token(self.new, f"unknown-{number}"), "The key of the token is not known.")
        self.assertLessEqual(self.server.fetches, 2)
