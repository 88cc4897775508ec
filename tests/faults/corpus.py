"""Malformed and ambiguous HTTP/1.1, by the rules of RFC 9110 and RFC 9112, and which statuses may answer it.

Each exchange holds one request that is to be answered at most once. What is smuggled in a body or behind it asks for
/smuggled, which does not exist: a 404 would show that it was taken for a request.
"""

BODY = b'{"Age": 24, "Sex": "female", "Embarked": "C"}'
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def post(*headers: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    head = b"\r\n".join([b"POST /predict " + version, b"Host: a", b"Content-Type: application/json", *headers])
    return head + b"\r\n\r\n" + body


def get(line: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([line, *headers]) + b"\r\n\r\n"


LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
UPGRADE = (b"Connection: Upgrade", b"Upgrade: h2c")
OK, BAD = {200}, {400}

CORPUS: dict[str, tuple[bytes, set[int]]] = {
    # RFC 9112 §6.3: how long a body is.
    "length and chunks": (post(LENGTH, CHUNKED, body=CHUNKS), BAD),
    "chunks and length": (post(CHUNKED, LENGTH, body=CHUNKS), BAD),
    "length that ends within the chunks": (post(b"Content-Length: 4", CHUNKED, body=b"0\r\n\r\n" + SMUGGLED), BAD),
    "two lengths that differ": (post(LENGTH, b"Content-Length: 3", body=BODY), BAD),
    "two lengths in one": (post(b"Content-Length: 45, 45", body=BODY), BAD),
    "length twice": (post(LENGTH, LENGTH, body=BODY), BAD),
    "negative length": (post(b"Content-Length: -1", body=BODY), BAD),
    "length with a sign": (post(b"Content-Length: +45", body=BODY), BAD),
    "length in hexadecimal": (post(b"Content-Length: 0x2d", body=BODY), BAD),
    "length with an underscore": (post(b"Content-Length: 4_5", body=BODY), BAD),
    "length with a blank within": (post(b"Content-Length: 4 5", body=BODY), BAD),
    "length of nothing": (post(b"Content-Length: ", body=BODY), BAD),
    "length beyond 64 bits": (post(b"Content-Length: 18446744073709551661", body=BODY), BAD),
    "length in other digits": (post("Content-Length: \uff14\uff15".encode(), body=BODY), BAD),
    "too much body": (post(LENGTH, body=BODY + SMUGGLED.replace(b"smuggled", b"health")), OK),
    # §7.1: chunks.
    "chunks": (post(CHUNKED, body=CHUNKS), OK),
    "chunks in capitals": (post(b"Transfer-Encoding: CHUNKED", body=CHUNKS), OK),
    "chunk size that is no number": (post(CHUNKED, body=b"z\r\n" + BODY), BAD),
    "negative chunk size": (post(CHUNKED, body=b"-1\r\n" + BODY), BAD),
    "chunk size with 0x": (post(CHUNKED, body=b"0x2d\r\n" + BODY + b"\r\n0\r\n\r\n"), BAD),
    "chunk size beyond 64 bits": (post(CHUNKED, body=b"1000000000000002d\r\n" + BODY + b"\r\n0\r\n\r\n"), BAD),
    "chunk that is longer than its size": (post(CHUNKED, body=b"3\r\n" + BODY + b"\r\n0\r\n\r\n"), BAD),
    "chunk size with a bare LF": (post(CHUNKED, body=b"2d\n" + BODY + b"\r\n0\r\n\r\n"), BAD),
    "chunk that ends with a bare LF": (post(CHUNKED, body=b"2d\r\n" + BODY + b"\n0\r\n\r\n"), BAD),
    "chunk with an extension": (post(CHUNKED, body=b"2d;a=b\r\n" + BODY + b"\r\n0\r\n\r\n"), OK),
    "chunk extension with a bare LF": (post(CHUNKED, body=b"2d;a\n" + BODY + b"\r\n0\r\n\r\n"), BAD),
    "trailer": (post(CHUNKED, body=CHUNKS[:-2] + b"X-Request-ID: trailer\r\n\r\n"), OK),
    "trailer with a length": (post(CHUNKED, body=CHUNKS[:-2] + b"Content-Length: 50\r\n\r\n"), OK | BAD),
    # §6.1: transfer codings.
    "unknown transfer coding": (post(b"Transfer-Encoding: rot13", body=CHUNKS), BAD),
    "chunked is not last": (post(b"Transfer-Encoding: chunked, identity", body=CHUNKS), BAD),
    "chunked twice": (post(b"Transfer-Encoding: chunked, chunked", body=CHUNKS), BAD),
    "chunked behind another": (post(b"Transfer-Encoding: gzip, chunked", body=CHUNKS), BAD),
    "chunked with a tab": (post(b"Transfer-Encoding:\tchunked", body=CHUNKS), OK),
    "chunked behind a vertical tab": (post(b"Transfer-Encoding: \x0bchunked", body=CHUNKS), BAD),
    "chunked in quotes": (post(b'Transfer-Encoding: "chunked"', body=CHUNKS), BAD),
    "chunked with a blank before the colon": (post(b"Transfer-Encoding : chunked", body=CHUNKS), BAD),
    "chunked in a folded line": (post(b"Transfer-Encoding:\r\n chunked", body=CHUNKS), BAD),
    "chunked in HTTP/1.0": (post(CHUNKED, body=CHUNKS, version=b"HTTP/1.0"), BAD),
    "two transfer codings": (post(CHUNKED, b"Transfer-Encoding: identity", body=CHUNKS), BAD),
    "transfer coding with an underscore": (post(b"Transfer_Encoding: chunked", LENGTH, body=BODY), OK),
    "encoding with an underscore": (post(b"Content_Encoding: gzip", LENGTH, body=BODY), OK),
    "media type with an underscore": (post(b"Content_Type: text/csv", LENGTH, body=BODY), OK),
    # §2.2, §3: lines.
    "two media types": (
        get(b"POST /predict HTTP/1.1", b"Host: a", b"Content-Type: text/csv", b"Content-Type: application/json"),
        BAD,
    ),
    "bare LF in the head": (b"GET /health HTTP/1.1\nHost: a\n\n", BAD),
    "bare CR in a value": (get(b"GET /health HTTP/1.1", b"Host: a", b"X: a\rb"), BAD),
    "CR LF before the request": (b"\r\n" + get(b"GET /health HTTP/1.1", b"Host: a"), OK),
    "NUL in a value": (get(b"GET /health HTTP/1.1", b"Host: a", b"X: a\0b"), BAD),
    "NUL in the path": (get(b"GET /he\0alth HTTP/1.1", b"Host: a"), BAD),
    "folded line": (get(b"GET /health HTTP/1.1", b"Host: a", b"X: a", b" b"), BAD),
    "line without a colon": (get(b"GET /health HTTP/1.1", b"Host: a", b"X"), BAD),
    "header without a name": (get(b"GET /health HTTP/1.1", b"Host: a", b": x"), BAD),
    "blank in a name": (get(b"GET /health HTTP/1.1", b"Host: a", b"X y: z"), BAD),
    "blank before the first header": (get(b"GET /health HTTP/1.1", b" Host: a"), BAD),
    "two blanks in the request line": (get(b"GET  /health HTTP/1.1", b"Host: a"), OK | BAD),
    "no version": (get(b"GET /health", b"Host: a"), BAD | {505}),
    "HTTP/2.0": (get(b"GET /health HTTP/2.0", b"Host: a"), BAD | {505}),
    "HTTP/1.2": (get(b"GET /health HTTP/1.2", b"Host: a"), BAD | {505}),
    "preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD | {505}),
    "method in lower case": (get(b"get /health HTTP/1.1", b"Host: a"), BAD | {405, 501}),
    "unknown method": (get(b"BREW /health HTTP/1.1", b"Host: a"), BAD | {405, 501}),
    "handshake of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100, BAD),
    # §3.2: the target and the host.
    "no host": (get(b"GET /health HTTP/1.1"), BAD),
    "two hosts": (get(b"GET /health HTTP/1.1", b"Host: a", b"Host: b"), BAD),
    "whole URL": (get(b"GET http://a/health HTTP/1.1", b"Host: a"), OK),
    "authority": (get(b"CONNECT a:443 HTTP/1.1", b"Host: a"), BAD | {404, 405, 501}),
    "asterisk": (get(b"OPTIONS * HTTP/1.1", b"Host: a"), BAD | {404, 405}),
    "path without a slash": (get(b"GET health HTTP/1.1", b"Host: a"), BAD),
    "fragment": (get(b"GET /health#x HTTP/1.1", b"Host: a"), OK | BAD),
    "bytes over 127 in the path": (get("GET /hé HTTP/1.1".encode(), b"Host: a"), BAD | {404}),
    "bytes over 127 in the query": (get("GET /health?é HTTP/1.1".encode(), b"Host: a"), BAD),
    "DEL in a value": (get(b"GET /health HTTP/1.1", b"Host: a", b"X: \x7f"), BAD),
    "dots in the path": (get(b"GET /static/../../pyproject.toml HTTP/1.1", b"Host: a"), {404}),
    "encoded dots in the path": (get(b"GET /static/%2e%2e%2f%2e%2e%2fpyproject.toml HTTP/1.1", b"Host: a"), {404}),
    # Limits.
    "long URL": (get(b"GET /" + b"a" * 9_000 + b" HTTP/1.1", b"Host: a"), {414}),
    "very long URL": (get(b"GET /" + b"a" * 500_000 + b" HTTP/1.1", b"Host: a"), {414, 431}),
    "long header": (get(b"GET /health HTTP/1.1", b"Host: a", b"X: " + b"a" * 40_000), {431}),
    "very long header": (get(b"GET /health HTTP/1.1", b"Host: a", b"X: " + b"a" * 1_000_000), {431}),
    "many headers": (get(b"GET /health HTTP/1.1", b"Host: a", *[b"X: a"] * 200), {431}),
    "very many headers": (get(b"GET /health HTTP/1.1", b"Host: a", *[b"X: a"] * 200_000), {431}),
    "very many trailers": (post(CHUNKED, body=CHUNKS[:-2] + b"X: a\r\n" * 200_000 + b"\r\n"), OK | {431}),
    # §9: connections.
    "upgrade to HTTP/2": (post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", LENGTH, body=BODY), OK),
    "upgrade to a WebSocket": (get(b"GET /health HTTP/1.1", b"Host: a", b"Connection: Upgrade",
                                   b"Upgrade: websocket"), OK),
    "upgrade on HTTP/1.0 with chunks": (post(b"Connection: Upgrade", b"Upgrade: h2c", CHUNKED, body=CHUNKS,
                                             version=b"HTTP/1.0"), BAD),
    "upgrade on HTTP/1.0 without a host": (get(b"GET /health HTTP/1.0", *UPGRADE), OK),
    "upgrade on HTTP/2.0": (get(b"GET /health HTTP/2.0", b"Host: a", *UPGRADE), {505}),
    "upgrade on HTTP/0.9": (get(b"GET /health HTTP/0.9", b"Host: a", *UPGRADE), {505}),
    "upgrade of CONNECT": (get(b"CONNECT a:1 HTTP/1.1", b"Host: a", *UPGRADE), BAD),
    "unknown expectation": (post(b"Expect: 200-ok", LENGTH, body=BODY), OK | {417}),
    "connection names the host": (get(b"GET /health HTTP/1.1", b"Host: a", b"Connection: Host"), OK),
}  # fmt: skip
