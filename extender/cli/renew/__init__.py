"""``renew``: the certificates of the Helm chart, renewed under their authority before they end."""
