{{/* The second scheduler: kube-scheduler of the cluster's release, which asks the extender of its own pod. */}}
{{- define "dra-extender.scheduler-container" -}}
name: kube-scheduler
image: {{ include "dra-extender.scheduler-image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command:
- kube-scheduler
args:
- --config=/etc/kubernetes/scheduler/config.yaml
- --v={{ .Values.scheduler.verbosity }}
{{- with include "dra-extender.feature-gates" (dict "gates" .Values.scheduler.featureGates "known" list) }}
- --feature-gates={{ . }}
{{- end }}
ports:
- name: scheduler
  containerPort: 10259
volumeMounts:
- name: scheduler-config
  mountPath: /etc/kubernetes/scheduler
  readOnly: true
startupProbe:
  httpGet: {path: /livez, port: scheduler, scheme: HTTPS}
  periodSeconds: 2
  failureThreshold: 60
readinessProbe:
  httpGet: {path: /readyz, port: scheduler, scheme: HTTPS}
  periodSeconds: 5
livenessProbe:
  httpGet: {path: /livez, port: scheduler, scheme: HTTPS}
  periodSeconds: 10
  timeoutSeconds: 15
resources:
  {{- toYaml .Values.scheduler.resources | nindent 2 }}
securityContext:
  {{- include "dra-extender.restricted" . | nindent 2 }}
{{- end -}}

{{- define "dra-extender.scheduler-config" -}}
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection:
  qps: {{ .Values.scheduler.qps }}
  burst: {{ mul 2 .Values.scheduler.qps }}
{{- with .Values.scheduler.percentageOfNodesToScore }}
percentageOfNodesToScore: {{ . }}
{{- end }}
# The leader asks the extender of its own pod, so what is in flight is known in one place. Another replica is there
# sooner than with the defaults, 15 s, 10 s and 2 s. A leader that cannot renew still gives up 3 s before that.
leaderElection:
  leaderElect: true
  leaseDuration: 12s
  renewDeadline: 8s
  retryPeriod: 1s
  resourceName: {{ include "dra-extender.name" . }}-scheduler
  resourceNamespace: {{ .Release.Namespace }}
profiles:
- schedulerName: {{ include "dra-extender.scheduler-name" . }}
extenders:
- urlPrefix: http://127.0.0.1:8888
  {{- include "dra-extender.extender-entry" . | trim | nindent 2 }}
{{- end -}}
