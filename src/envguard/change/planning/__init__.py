"""What a change would mean, judged before anything is changed."""
