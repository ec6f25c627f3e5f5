"""`python -m node` is `lientuyen`."""

from node.cli import main

if __name__ == "__main__":
    main()
