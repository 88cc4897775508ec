"""Functions of scikit-learn and numpy that its own parts hold, and that a stored model may therefore name.

They only calculate. Loading a file calls none of them; the estimator does, with the rows that it is asked about.
"""

FUNCTIONS = frozenset(
    f"{module}.{name}"
    for module, names in {
        "numpy": "around clip fix max mean median min nan_to_num nanmean nanmedian prod ptp round std sum var",
        "scipy._lib.array_api_compat.numpy._aliases": "asarray",  # SplineTransformer
        "sklearn.cluster._kmeans": "_kmeans_single_elkan _kmeans_single_lloyd",  # BisectingKMeans
        "sklearn.feature_selection._mutual_info": "mutual_info_classif mutual_info_regression",
        "sklearn.feature_selection._univariate_selection": "chi2 f_classif f_oneway f_regression r_regression",
        "sklearn.metrics._classification": "accuracy_score balanced_accuracy_score brier_score_loss d2_brier_score "
        "d2_log_loss_score f1_score fbeta_score jaccard_score log_loss matthews_corrcoef precision_score recall_score",
        "sklearn.metrics._ranking": "average_precision_score roc_auc_score top_k_accuracy_score",
        "sklearn.metrics._regression": "d2_absolute_error_score explained_variance_score max_error mean_absolute_error "
        "mean_absolute_percentage_error mean_gamma_deviance mean_poisson_deviance mean_squared_error "
        "mean_squared_log_error median_absolute_error r2_score root_mean_squared_error root_mean_squared_log_error",
        "sklearn.metrics._scorer": "negative_likelihood_ratio positive_likelihood_ratio",
        "sklearn.metrics.cluster._supervised": "adjusted_mutual_info_score adjusted_rand_score completeness_score "
        "fowlkes_mallows_score homogeneity_score mutual_info_score normalized_mutual_info_score rand_score "
        "v_measure_score",
        "sklearn.metrics.pairwise": "additive_chi2_kernel chi2_kernel cosine_distances cosine_similarity "
        "euclidean_distances haversine_distances laplacian_kernel linear_kernel manhattan_distances "
        "nan_euclidean_distances polynomial_kernel rbf_kernel sigmoid_kernel",
        "sklearn.utils.validation": "check_array",  # HistGradientBoosting with categories
    }.items()
    for name in names.split()
)
