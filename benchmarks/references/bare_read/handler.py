"""The least that a check does: a request on a kept connection, and its response. It signs and decides nothing."""

import os
import socket
from urllib.parse import urlsplit

_address = urlsplit(os.environ["AWS_ENDPOINT_URL"])
_body = b'{"TableName":"numbers","Key":{"account_id":{"S":"acme"},"number":{"S":"+14155550100"}},"ConsistentRead":true}'
_request = (
    b"POST / HTTP/1.1\r\nHost: dynamodb\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n"
    b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n%b" % (len(_body), _body)
)
_connection = socket.create_connection((_address.hostname, _address.port))


def lambda_handler(event: object, _context: object) -> object:
    """Return the event."""
    _connection.sendall(_request)
    if not _connection.recv(16 * 1024).startswith(b"HTTP/1.1 200"):
        raise ValueError("the stand-in refused the request")
    return event
