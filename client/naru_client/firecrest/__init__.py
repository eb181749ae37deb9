"""FirecREST v2: files of a centre, read over HTTPS where its file system is not at hand."""
