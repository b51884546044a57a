{{/* What all pods have in common, but for their account: the profile restricted, and where they run. */}}
{{- define "dra-extender.pod" -}}
automountServiceAccountToken: true
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
{{- toYaml . | nindent 0 }}
{{- end }}
priorityClassName: {{ .Values.priorityClassName }}
# Never the second scheduler, which could not start itself.
schedulerName: default-scheduler
terminationGracePeriodSeconds: 30
{{- with .Values.nodeSelector }}
nodeSelector:
{{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
{{- toYaml . | nindent 0 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- with .Values.runAsUser }}
  runAsUser: {{ . }}
  runAsGroup: {{ . }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "dra-extender.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "dra-extender.node-affinity" -}}
{{- with .Values.architectures -}}
nodeAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    nodeSelectorTerms:
    - matchExpressions:
      - key: kubernetes.io/arch
        operator: In
        values: {{ toJson . }}
{{- end -}}
{{- end -}}

{{/* Where the pods may run; replicas never share a node, but with those of the revision that they replace. */}}
{{- define "dra-extender.spread" -}}
{{- $several := and (gt (int .Values.replicas) 1) (ne .Values.mode "audit-only") }}
{{- if or $several .Values.architectures }}
affinity:
  {{- include "dra-extender.node-affinity" . | nindent 2 }}
  {{- if $several }}
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: kubernetes.io/hostname
      matchLabelKeys: [pod-template-hash]
      labelSelector:
        matchLabels:
          {{- include "dra-extender.selector" . | nindent 10 }}
  {{- end }}
{{- end }}
{{- if $several }}
topologySpreadConstraints:
- maxSkew: 1
  topologyKey: topology.kubernetes.io/zone
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "dra-extender.selector" . | nindent 6 }}
{{- end }}
{{- end -}}

{{- define "dra-extender.container" -}}
{{- $second := eq .Values.mode "second-scheduler" -}}
name: dra-extender
image: {{ include "dra-extender.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args:
- serve
{{- if .Values.extender.decisive }}
- --decisive
{{- end }}
{{- if $second }}
# What this scheduler does, and no other: its release and its gates.
- --kubernetes
- {{ include "dra-extender.kubernetes" . | quote }}
{{- $known := splitList "\n" (include "dra-extender.predicted-gates" . | trim) }}
{{- with include "dra-extender.feature-gates" (dict "gates" .Values.scheduler.featureGates "known" $known) }}
- --feature-gates
- {{ . | quote }}
{{- end }}
# Only the scheduler of this pod asks.
- --verbs-listen
- "127.0.0.1:8888"
{{- else }}
# kube-scheduler is known by its client certificate; people come by a port-forward to loopback.
- --verbs-listen
- "0.0.0.0:8888"
- --tls-cert
- /verbs/tls.crt
- --tls-key
- /verbs/tls.key
- --client-ca
- /verbs/ca.crt
- --client-name
- kube-scheduler
{{- end }}
- --ops-listen
- "0.0.0.0:8889"
- --people-listen
- "127.0.0.1:8890"
{{- if include "dra-extender.serves-webhook" . }}
- --webhook-listen
- "0.0.0.0:8443"
- --webhook-cert
- /webhook/tls.crt
- --webhook-key
- /webhook/tls.key
{{- end }}
{{- if eq (include "dra-extender.routes" .) "webhook" }}
- --route-to
- {{ include "dra-extender.scheduler-name" . | quote }}
{{- end }}
{{- if .Values.bind }}
- --bind
{{- end }}
{{- if .Values.nominate }}
- --nominate
{{- if $second }}
- --scheduler-name
- {{ include "dra-extender.scheduler-name" . | quote }}
{{- end }}
{{- if ne (include "dra-extender.name" .) .Chart.Name }}
- --nominate-lease
- {{ printf "%s/%s-nominate" .Release.Namespace (include "dra-extender.name" .) | quote }}
{{- end }}
{{- end }}
{{- if ne .Values.extender.alignment "preferred" }}
- --alignment
- {{ .Values.extender.alignment }}
{{- end }}
{{- if ne .Values.extender.logLevel "info" }}
- --log-level
- {{ .Values.extender.logLevel }}
{{- end }}
{{- range .Values.extender.extraArgs }}
- {{ . | quote }}
{{- end }}
ports:
{{- if not $second }}
- name: verbs
  containerPort: 8888
{{- end }}
- name: ops
  containerPort: 8889
{{- if include "dra-extender.serves-webhook" . }}
- name: webhook
  containerPort: 8443
{{- end }}
{{- if or (not $second) (include "dra-extender.serves-webhook" .) .Values.files }}
volumeMounts:
{{- if not $second }}
- name: verbs
  mountPath: /verbs
  readOnly: true
{{- end }}
{{- if include "dra-extender.serves-webhook" . }}
- name: webhook
  mountPath: /webhook
  readOnly: true
{{- end }}
{{- if .Values.files }}
- name: files
  mountPath: /files
  readOnly: true
{{- end }}
{{- end }}
startupProbe:
  httpGet: {path: /readyz, port: ops}
  periodSeconds: 2
  failureThreshold: 60
readinessProbe:
  httpGet: {path: /readyz, port: ops}
  periodSeconds: 5
livenessProbe:
  httpGet: {path: /livez, port: ops}
  periodSeconds: 10
  timeoutSeconds: 5
resources:
  {{- toYaml .Values.extender.resources | nindent 2 }}
securityContext:
  {{- include "dra-extender.restricted" . | nindent 2 }}
{{- end -}}

{{- define "dra-extender.volumes" -}}
{{- if eq .Values.mode "extender" }}
- name: verbs
  secret:
    secretName: {{ default (printf "%s-verbs" (include "dra-extender.name" .)) .Values.certificates.verbsSecret }}
{{- end }}
{{- if include "dra-extender.serves-webhook" . }}
- name: webhook
  secret:
    secretName: {{ default (printf "%s-webhook" (include "dra-extender.name" .)) .Values.certificates.webhookSecret }}
{{- end }}
{{- if .Values.files }}
- name: files
  configMap:
    name: {{ include "dra-extender.name" . }}-files
{{- end }}
{{- end -}}

{{/* The verbs that the scheduler asks for, and how; the address and TLS stand before. */}}
{{- define "dra-extender.extender-entry" -}}
{{- if .Values.scheduler.filter }}
filterVerb: filter
{{- end }}
prioritizeVerb: prioritize
{{- if .Values.bind }}
bindVerb: bind
{{- end }}
weight: {{ .Values.scheduler.weight }}
nodeCacheCapable: true
ignorable: {{ .Values.scheduler.ignorable }}
httpTimeout: 5s
{{- end -}}
