{{/* The name of every object of the release, and the start of those with a suffix. */}}
{{- define "dra-extender.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" (.Release.Name | trunc 27 | trimSuffix "-") .Chart.Name -}}
{{- end -}}
{{- end -}}

{{- define "dra-extender.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Of the pods that renew certificates. */}}
{{- define "dra-extender.renewal-labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-renew
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "dra-extender.labels" -}}
{{ include "dra-extender.selector" . }}
app.kubernetes.io/part-of: {{ .Chart.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "dra-extender.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The release of the scheduler, without what a provider adds: 1.36.2 of v1.36.2-gke.100. A pre-release
     of Kubernetes has images of its own: 1.38.0-beta.0. */}}
{{- define "dra-extender.kubernetes" -}}
{{- with semver (default .Capabilities.KubeVersion.Version .Values.scheduler.version) -}}
{{ .Major }}.{{ .Minor }}.{{ .Patch }}
{{- with regexFind "^(alpha|beta|rc)[.][0-9]+" .Prerelease -}}-{{ . }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "dra-extender.scheduler-image" -}}
{{- with .Values.scheduler.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default (printf "v%s" (include "dra-extender.kubernetes" $)) .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "dra-extender.scheduler-name" -}}
{{- default (include "dra-extender.name" .) .Values.scheduler.name -}}
{{- end -}}

{{/* Feature gates as a flag's value: of the scheduler all, of the extender those that influence predictions. */}}
{{- define "dra-extender.feature-gates" -}}
{{- $gates := list -}}
{{- range $name, $on := .gates -}}
{{- if or (not $.known) (has $name $.known) -}}
{{- $gates = append $gates (printf "%s=%t" $name $on) -}}
{{- end -}}
{{- end -}}
{{- join "," $gates -}}
{{- end -}}

{{- define "dra-extender.predicted-gates" -}}
DRAAdminAccess
DRAConsumableCapacity
DRADerivedAttributes
DRADeviceBindingConditions
DRADeviceCompatibilityGroups
DRADeviceTaintRules
DRADeviceTaints
DRAExtendedResource
DRAFractionalCapacityRange
DRAListTypeAttributes
DRANodeAllocatableResources
DRAOptionalNodeOperations
DRAPartitionableDevices
DRAPrioritizedList
DRAResourceClaimDeviceStatus
DRAWorkloadResourceClaims
{{- end -}}

{{/* The version of the API that serves MutatingAdmissionPolicies: v1 from 1.36 on; before, only where it is turned on. */}}
{{- define "dra-extender.mutating-policies" -}}
{{- $group := "admissionregistration.k8s.io" -}}
{{- if semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version -}}
{{ $group }}/v1
{{- else if .Capabilities.APIVersions.Has (printf "%s/v1beta1/MutatingAdmissionPolicy" $group) -}}
{{ $group }}/v1beta1
{{- end -}}
{{- end -}}

{{/* What routes pods, policy or webhook: empty for nothing. */}}
{{- define "dra-extender.routes" -}}
{{- if and (eq .Values.mode "second-scheduler") .Values.routing.enabled -}}
{{ ternary "webhook" "policy" (empty (include "dra-extender.mutating-policies" .)) }}
{{- end -}}
{{- end -}}

{{/* Whether the API server calls the extender: empty for no. */}}
{{- define "dra-extender.serves-webhook" -}}
{{- if and (ne .Values.mode "audit-only") (or .Values.webhook (eq (include "dra-extender.routes" .) "webhook")) -}}
yes
{{- end -}}
{{- end -}}

{{/* Whether no pod with claims that names no scheduler gets past the routing: empty for no. */}}
{{- define "dra-extender.routes-all" -}}
{{- with .Values.routing -}}
{{- $by := include "dra-extender.routes" $ -}}
{{- $sure := or (eq $by "policy") (and (eq $by "webhook") (eq .failurePolicy "Fail")) -}}
{{- if and $sure (not .namespaceSelector) (not .excludedNamespaces) -}}
yes
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What happens to a pod with claims that would go to another scheduler: Deny, Warn or off. */}}
{{- define "dra-extender.guard" -}}
{{- if ne .Values.mode "second-scheduler" -}}
off
{{- else if ne .Values.guard.action "auto" -}}
{{ .Values.guard.action }}
{{- else if include "dra-extender.routes-all" . -}}
Deny
{{- else -}}
Warn
{{- end -}}
{{- end -}}

{{/* CEL: the pod claims devices, by claims or by an extended resource of a device class. */}}
{{- define "dra-extender.claims-devices" -}}
size(object.spec.?resourceClaims.orValue([])) > 0
{{- with .Values.routing.extendedResources }} ||
(object.spec.containers + object.spec.?initContainers.orValue([])).exists(c,
c.?resources.?requests.orValue({}).exists(r, r in {{ toJson . }}))
{{- end }}
{{- end -}}
