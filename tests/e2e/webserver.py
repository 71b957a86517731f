"""An HTTP(S) server on loopback that serves files the way servers do, and the ways they shouldn't. By itself:

	webserver.py FOLDER ADDRESS PORT

	/NAME            the file; Range is understood
	/chunked/NAME    in chunks, without its length
	/moved/NAME      302 to /NAME
	/cut/NAME        breaks off after a third; goes on where Range asks, and breaks off again
	/short/NAME      breaks off in the middle, each time at the same byte
	/stall/NAME      stops in the middle and keeps the connection
	/busy/NAME       503 the first time
	/status/N        that status
"""
import http.server
import os
import re
import ssl
import sys
import threading

STALL_SECONDS = 600


class Handler(http.server.BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"

	def log_message(self, *_):
		pass

	def do_GET(self):
		self.server.requests.append((self.path, self.headers.get("Range")))
		self.close_connection = True
		way, _, name = self.path.lstrip("/").rpartition("/")
		if way == "status":
			self.refuse(int(name))
		elif way == "busy" and not self.server.told(self.path):
			self.refuse(503)
		elif way == "moved":
			self.refuse(302, ("Location", "/" + name))
		else:
			self.serve(way, name)

	def refuse(self, status, *fields):
		self.send_response(status)
		for field in fields:
			self.send_header(*field)
		self.send_header("Content-Length", "0")
		self.end_headers()

	def serve(self, way, name):
		path = os.path.join(self.server.folder, os.path.basename(name))
		if not os.path.exists(path):
			self.refuse(404)
			return
		with open(path, "rb") as f:
			data = f.read()
		asked = re.match(r"bytes=(\d+)-$", self.headers.get("Range") or "")
		first = int(asked.group(1)) if asked else 0
		self.send_response(206 if asked else 200)
		if asked:
			self.send_header("Content-Range", "bytes %d-%d/%d" % (first, len(data) - 1, len(data)))
		if way == "chunked":
			self.send_header("Transfer-Encoding", "chunked")
			self.end_headers()
			self.send_chunks(data[first:])
			return
		self.send_header("Content-Length", str(len(data) - first))
		self.end_headers()
		self.send_part(way, data, first)

	def send_chunks(self, data):
		for at in range(0, len(data), 50001):
			part = data[at:at + 50001]
			self.wfile.write(b"%x;name=value\r\n%s\r\n" % (len(part), part))
		self.wfile.write(b"0\r\nTrailer: yes\r\n\r\n")

	def send_part(self, way, data, first):
		end = {"cut": min(len(data), first + len(data) // 3 + 1), "short": len(data) // 2,
			"stall": len(data) // 2}.get(way, len(data))
		self.wfile.write(data[first:max(first, end)])
		self.wfile.flush()
		if way == "stall":
			self.server.over.wait(STALL_SECONDS)


class Server(http.server.ThreadingHTTPServer):
	"""Serves a folder until close(). tls: (certificate, key, lowest and highest version)."""
	daemon_threads = True

	def __init__(self, folder, address="127.0.0.1", port=0, tls=None):
		super().__init__((address, port), Handler)
		self.folder = folder
		self.requests = []
		self.seen = set()
		self.over = threading.Event()
		if tls:
			certificate, key, version, ciphers = tls
			context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
			context.load_cert_chain(certificate, key)
			context.minimum_version = context.maximum_version = version
			if ciphers:
				context.set_ciphers(ciphers)
			self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
		threading.Thread(target=self.serve_forever, daemon=True).start()

	@property
	def port(self):
		return self.server_address[1]

	def told(self, path):
		"""Whether this was asked before."""
		known = path in self.seen
		self.seen.add(path)
		return known

	def handle_error(self, *_):
		pass  # guests break connections, which is no failure of the test

	def close(self):
		self.over.set()
		self.shutdown()
		self.server_close()


if __name__ == "__main__":
	Server(sys.argv[1], sys.argv[2], int(sys.argv[3])).over.wait()
