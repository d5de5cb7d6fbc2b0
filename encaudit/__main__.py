"""`python -m encaudit`."""

from encaudit.cli import main

if __name__ == "__main__":
    main()
