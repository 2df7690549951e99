"""The app runtime: finds an app in its verified package and drives its coroutine."""
