"""The specifications of evaluations, trainings, trees and measurements of networks."""
