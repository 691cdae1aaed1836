"""The images of an evaluation: made, attacked, and watched for failures."""
