"""The venue's uploader: watches a folder, uploads each recording once, deletes it only when the server has it.

Needs nothing but the standard library, httpx and click, and runs wherever Python does.
"""
