{{/* The binding of a ClusterRole of ours, which has its name: (list CONTEXT NAME). */}}
{{- define "dra-extender.bound" -}}
{{- $context := index . 0 -}}
{{- $role := index . 1 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ $role }}
  labels:
    {{- include "dra-extender.labels" $context | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ $role }}
subjects:
- kind: ServiceAccount
  name: {{ include "dra-extender.name" $context }}
  namespace: {{ $context.Release.Namespace }}
{{- end -}}
