package main

import (
	"context"
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	fwk "k8s.io/kube-scheduler/framework"
	corev1 "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

type request struct {
	Op          string                    `json:"op"`
	Strategy    json.RawMessage           `json:"scoringStrategy"`
	Nodes       []v1.Node                 `json:"nodes"`
	Pods        []v1.Pod                  `json:"pods"`
	Pod         v1.Pod                    `json:"pod"`
	Namespaces  []v1.Namespace            `json:"namespaces"`
	Services    []v1.Service              `json:"services"`
	ReplicaSets []appsv1.ReplicaSet       `json:"replicaSets"`
	Classes     []resourceapi.DeviceClass `json:"classes"`

	// Of a "draScore" request.
	Claims  []resourceapi.ResourceClaim    `json:"claims"`
	Results []resourceapi.AllocationResult `json:"results"`

	// Of a "sample" request.
	Percentage *int32 `json:"percentage"`
	Count      int32  `json:"count"`
}

// draPlugin is left out: its filter is the business of the other oracle.
const draPlugin = "DynamicResources"

func schedule(wanted *request) answer {
	for i := range wanted.Pods {
		corev1.SetObjectDefaults_Pod(&wanted.Pods[i])
	}
	corev1.SetObjectDefaults_Pod(&wanted.Pod)
	on, err := profileFor(wanted.Strategy)
	if err != nil {
		return answer{"invalid": err.Error()}
	}
	if err := on.see(wanted); err != nil {
		return answer{"invalid": err.Error()}
	}
	infos, err := on.lister.NodeInfos().List()
	if err != nil {
		return answer{"invalid": err.Error()}
	}
	ctx, state, pod := context.Background(), framework.NewCycleState(), &wanted.Pod
	enabled := on.framework.ListPlugins()

	skipped := map[string]bool{draPlugin: true}
	preFilter := answer{}
	var names []string
	limited := false
	for _, each := range enabled.PreFilter.Enabled {
		if each.Name == draPlugin {
			continue
		}
		result, status := on.plugins[each.Name].(PreFilterPlugin).PreFilter(ctx, state, pod, infos)
		if status.IsSkip() {
			skipped[each.Name] = true
		} else if !status.IsSuccess() {
			preFilter[each.Name] = statusOf(status)
			skipped[each.Name] = true
		} else if !result.AllNodes() {
			limited, names = true, append(names, result.NodeNames.UnsortedList()...)
		}
	}

	filters := answer{}
	var feasible []fwk.NodeInfo
	for _, info := range infos {
		refusals := answer{}
		for _, each := range enabled.Filter.Enabled {
			if skipped[each.Name] {
				continue
			}
			if refusal := statusOf(on.plugins[each.Name].(FilterPlugin).Filter(ctx, state, pod, info)); refusal != nil {
				refusals[each.Name] = refusal
			}
		}
		filters[info.Node().Name] = refusals
		if len(refusals) == 0 && len(preFilter) == 0 {
			feasible = append(feasible, info)
		}
	}
	reply := answer{"preFilter": preFilter, "filters": filters}
	if limited {
		reply["nodeNames"] = names
	}
	if len(feasible) > 0 {
		reply["scores"], reply["totals"] = scores(ctx, on, state, pod, feasible)
	}
	return reply
}

// scores are by plugin and node: the raw score and the normalised one. A plugin that has nothing to
// do with the pod is absent. Totals are by node, weighted, of all plugins.
func scores(ctx context.Context, on *profile, state fwk.CycleState, pod *v1.Pod, feasible []fwk.NodeInfo) (answer, map[string]int64) {
	enabled := on.framework.ListPlugins()
	skipped, failed := map[string]bool{draPlugin: true}, answer{}
	for _, each := range enabled.PreScore.Enabled {
		if each.Name == draPlugin {
			continue
		}
		status := on.plugins[each.Name].(PreScorePlugin).PreScore(ctx, state, pod, feasible)
		if status.IsSkip() {
			skipped[each.Name] = true
		} else if !status.IsSuccess() {
			failed[each.Name] = statusOf(status)
			skipped[each.Name] = true
		}
	}
	found, totals := answer{}, map[string]int64{}
	for _, each := range enabled.Score.Enabled {
		if skipped[each.Name] {
			continue
		}
		plugin := on.plugins[each.Name].(ScorePlugin)
		raw := map[string]int64{}
		list := make(NodeScoreList, len(feasible))
		for i, info := range feasible {
			score, status := plugin.Score(ctx, state, pod, info)
			if !status.IsSuccess() {
				failed[each.Name] = statusOf(status)
			}
			list[i] = NodeScore{Name: info.Node().Name, Score: score}
			raw[info.Node().Name] = score
		}
		if extensions := plugin.ScoreExtensions(); extensions != nil {
			if status := extensions.NormalizeScore(ctx, state, pod, list); !status.IsSuccess() {
				failed[each.Name] = statusOf(status)
			}
		}
		normalised := map[string]int64{}
		for _, each := range list {
			normalised[each.Name] = each.Score
		}
		for name, score := range normalised {
			totals[name] += score * int64(each.Weight)
		}
		found[each.Name] = answer{"raw": raw, "normalised": normalised, "weight": each.Weight}
	}
	if len(failed) > 0 {
		found["failed"] = failed
	}
	return found, totals
}
