"""The methods of restoration, one LightningModule a paper."""
