{{/* The pods that the policies and the webhook are asked about: those that are created. */}}
{{- define "dra-extender.pods" -}}
- apiGroups: [""]
  apiVersions: [v1]
  operations: [CREATE]
  resources: [pods]
{{- end -}}

{{/* Which of them are routed. */}}
{{- define "dra-extender.routed" -}}
- name: claims-devices
  expression: >-
    {{- include "dra-extender.claims-devices" . | nindent 4 }}
- name: names-no-scheduler
  expression: object.spec.?schedulerName.orValue("default-scheduler") == "default-scheduler"
{{- with .Values.routing.excludedNamespaces }}
- name: in-no-excluded-namespace
  expression: {{ printf "!(object.metadata.?namespace.orValue(\"\") in %s)" (toJson .) | squote }}
{{- end }}
{{- end -}}
