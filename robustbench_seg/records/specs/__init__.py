"""The specifications of evaluations, trainings and trees."""
