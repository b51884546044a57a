{{/* The matchConstraints of both policies: pods when they are created. */}}
{{- define "dra-extender.pods" -}}
resourceRules:
- apiGroups: [""]
  apiVersions: [v1]
  operations: [CREATE]
  resources: [pods]
{{- end -}}
