"""A partner's gateway in a page of Python: `python peer.py seal|open` reads a task from standard input and answers on standard output."""

import base64
import hashlib
import json
import os
import sys

from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey

SIGNING = jws.JWSRegistry(algorithms=["ES256"])
GRANTS = jwe.JWERegistry(algorithms=["ECDH-ES+A256KW", "A256GCM"])
SECTIONS = jwe.JWERegistry(algorithms=["dir", "A256GCM"])


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def digest(data) -> str:
    return b64u(hashlib.sha256(data.encode() if isinstance(data, str) else data).digest())


def dump(value) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def commitment(field, salt, value) -> str:
    array = ["rp1-field", field, salt, value]
    return digest(json.dumps(array, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def sign(jwk, typ, payload) -> str:
    header = {"alg": "ES256", "kid": jwk["kid"], "typ": typ}
    return jws.serialize_compact(header, payload, ECKey.import_key(jwk), registry=SIGNING)


def verify(jwk, typ, token):
    found = jws.deserialize_compact(token, ECKey.import_key(jwk), registry=SIGNING)
    header = found.headers()
    assert header["typ"] == typ and header["kid"] == jwk["kid"], f"header of {typ}"
    return json.loads(found.payload)


def encrypt_section(key, cty, data) -> str:
    header = {"alg": "dir", "enc": "A256GCM", "typ": "rp1-section+jwe"} | ({"cty": cty} if cty else {})
    return jwe.encrypt_compact(header, data, OctKey.import_key(key), registry=SECTIONS)


def padded(content) -> bytes:
    bare = len(dump(content | {"pad": ""}))
    size = next(size for size in (2048, 8192, 32768) if bare <= size)
    return dump(content | {"pad": "0" * (size - bare)})


def seal(task):
    claims, signing = task["claims"], task["signing"]
    about = {"v": 1, "iss": claims["iss"], "aud": claims["aud"], "jti": claims["jti"]}
    sections, fields = [], []

    def add(role, cty, data):
        key = os.urandom(32)
        token, place = encrypt_section(key, cty, data), f"s{len(sections)}"
        stated = {"id": place, "role": role, "len": len(token), "h": digest(token), "kc": digest(key)}
        sections.append((key, token, stated))
        return place

    def listed(field, sec, salt, value):
        fields.append({"f": field, "c": task["categories"][field], "sec": sec, "n": commitment(field, salt, value)})

    for part in task["compartments"]:
        salts, notes = {}, []
        for file in part["files"]:
            data = base64.b64decode(file["base64"])
            sec = add(part["role"], None, data)
            note = {"sec": sec, "name": file["name"], "mime": file["mime"], "size": len(data), "sha256": digest(data)}
            salts[sec] = b64u(os.urandom(16))
            listed(file["field"], sec, salts[sec], note)
            notes.append(note)
        sec = f"s{len(sections)}"
        for field, value in part["data"].items():
            salts[field] = b64u(os.urandom(16))
            listed(field, sec, salts[field], value)
        content = about | {"sec": sec, "sch": "rp1-fields.v1", "data": part["data"], "salts": salts, "files": notes}
        add(part["role"], "rp1-content+jws", sign(signing, "rp1-content+jws", padded(content)).encode())
    grants = []
    for reader in task["readers"]:
        keys = {stated["id"]: b64u(key) for key, _, stated in sections if stated["role"] in reader["compartments"]}
        if not keys:
            continue
        jwk = reader["jwk"]
        header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": jwk["kid"], "typ": "rp1-grant+jwe"}
        grant = dump(about | {"aud": reader["aud"], "keys": keys})
        token = jwe.encrypt_compact(header, grant, ECKey.import_key(jwk), registry=GRANTS)
        grants.append((token, {"aud": reader["aud"], "role": reader["role"], "kid": jwk["kid"], "h": digest(token)}))
    manifest = dump({"v": 1, "dict": task["dict"], "minset": task["minset"], "fields": fields})
    envelope = claims | {
        "manifest": digest(manifest),
        "grants": [stated for _, stated in grants],
        "sections": [stated for _, _, stated in sections],
    }
    return {
        "v": 1,
        "envelope": sign(signing, "rp1-envelope+jws", dump(envelope)),
        "manifest": b64u(manifest),
        "grants": [token for token, _ in grants],
        "sections": [token for _, token, _ in sections],
    }


def open_packet(task):
    packet, sender, reader = task["packet"], task["sender"], task["reader"]
    claims = verify(sender, "rp1-envelope+jws", packet["envelope"])
    manifest_bytes = unb64u(packet["manifest"])
    assert digest(manifest_bytes) == claims["manifest"], "manifest"
    manifest = json.loads(manifest_bytes)
    opened = {}
    for token, stated in zip(packet["grants"], claims["grants"], strict=True):
        assert digest(token) == stated["h"], "grant digest"
        jwk = next((jwk for jwk in task["keys"] if jwk["kid"] == stated["kid"]), None)
        if jwk is None or stated["aud"] != reader:
            continue
        grant = json.loads(jwe.decrypt_compact(token, ECKey.import_key(jwk), registry=GRANTS).plaintext)
        assert (grant["iss"], grant["aud"], grant["jti"]) == (claims["iss"], reader, claims["jti"]), "grant claims"
        opened |= {place: unb64u(key) for place, key in grant["keys"].items()}
    values, found, documents, data = {}, [], [], {}
    for token, stated in zip(packet["sections"], claims["sections"], strict=True):
        key = opened.get(stated["id"])
        if key is None:
            continue
        assert (len(token), digest(token), digest(key)) == (stated["len"], stated["h"], stated["kc"]), "section"
        section = jwe.decrypt_compact(token, OctKey.import_key(key), registry=SECTIONS)
        if section.headers().get("cty") == "rp1-content+jws":
            content = verify(sender, "rp1-content+jws", section.plaintext.decode())
            assert (content["jti"], content["sec"]) == (claims["jti"], stated["id"]), "content claims"
            documents.append(content)
        else:
            data[stated["id"]] = section.plaintext
    for content in documents:
        listed = {field["f"]: field["n"] for field in manifest["fields"] if field["sec"] == content["sec"]}
        assert listed.keys() == content["data"].keys(), "manifest"
        for field, value in content["data"].items():
            assert listed[field] == commitment(field, content["salts"][field], value), f"commitment of {field}"
            values[field] = value
        for note in content["files"]:
            field = next(field for field in manifest["fields"] if field["sec"] == note["sec"])
            assert field["n"] == commitment(field["f"], content["salts"][note["sec"]], note), "commitment of a file"
            assert (len(data[note["sec"]]), digest(data[note["sec"]])) == (note["size"], note["sha256"]), "file"
            found.append({"field": field["f"], "name": note["name"], "sha256": note["sha256"]})
    return {"jti": claims["jti"], "values": values, "files": found}


def main():
    task = json.loads(sys.stdin.buffer.read())
    answer = seal(task) if sys.argv[1] == "seal" else open_packet(task)
    sys.stdout.buffer.write(dump(answer))


main()
