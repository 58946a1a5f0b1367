"""One run from a request to judged candidates in a project file: generated, imported, judged again, computed by DFT;
resumable."""
