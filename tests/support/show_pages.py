#!/usr/bin/python3
"""A pager for the quickstart: takes webhook events, prints each as a person would see it, keeps them in a file.

    show_pages.py FOLDER      prints "listening URL", then a block per event; FOLDER/pages.jsonl keeps the bodies
"""
import http.server
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])


class Pager(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with open(folder / "pages.jsonl", "ab") as kept:
            kept.write(body + b"\n")
        self.send_response(204)
        self.end_headers()
        event = json.loads(body)
        lines = [f"[{event['event'].upper()}] {event.get('summary', '')}"]
        if event["event"] in ("firing", "escalated"):
            lines += ["  because: " + why for why in event.get("why", [])]
            runbook, evidence = event.get("runbook") or {}, event.get("evidence") or {}
            lines.append(f"  runbook: {runbook.get('title', '')} (owner: {runbook.get('owner', '')})")
            lines.append(f"  next safe step: {event.get('next_safe_step', '')}")
            lines.append(f"  evidence: {evidence.get('pull', '')}  sha256 {str(evidence.get('sha256', ''))[:16]}…")
        print("\n".join("  | " + line for line in lines), flush=True)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pager)
print(f"listening http://127.0.0.1:{server.server_address[1]}", flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    pass
