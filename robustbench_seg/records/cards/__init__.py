"""The content files: models, protocols, ablations, and the descriptions of predictions.

model_card.py  weights_source.py       a model of a known architecture
hub_card.py  model_forms.py            models of transformers; models without a card
protocol.py  perturbation.py           a protocol
ablation.py                            an ablation
prediction_manifest.py                 a folder of predictions
card_tables.py                         what these contain, as tables of text
"""
