"""What arrives: Galileo's and Runscope's protocols, read into `Exchange`. Knows no store."""
