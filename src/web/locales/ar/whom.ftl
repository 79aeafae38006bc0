whom-refuses = لا تستقبل
whom-first = الأولوية لـ
whom-takes-at = تستقبل في هذا المكان: { $place }
whom-refuses-at = لا تستقبل في هذا المكان: { $place }
whom-first-at = الأولوية في هذا المكان: { $place }
whom-some-place = أحد أماكنها
whom-or = أو: { $line }
whom-both = { $one }، وكذلك { $other }
whom-either = { $one } أو { $other }
whom-years = { $count ->
    [one] سنة واحدة
    [two] سنتين
    [few] { $count } سنوات
    [many] { $count } سنة
   *[other] { $count } سنة
}
whom-months = { $count ->
    [one] شهر واحد
    [two] شهرين
    [few] { $count } أشهر
    [many] { $count } شهراً
   *[other] { $count } شهر
}
whom-span = { $years } و { $months }
whom-age-from = من عمر { $age } فأكثر
whom-age-to = حتى عمر { $age }
whom-age-below = دون { $age }
whom-age-between = من عمر { $from } إلى { $to }
whom-everybody = الجميع
whom-ask = أمر لا يستطيع قوله إلا هم: اسألهم
whom-of = { $what }: { $values }
whom-not = ما عدا { $values }
whom-any = مع: { $what }
whom-without = بدون: { $what }
whom-qualified = { $group } ({ $qualifier })
whom-sex-female = النساء والفتيات
whom-sex-male = الرجال والفتيان
whom-sex-other = جنس آخر
whom-attribute-age-months = العمر
whom-attribute-sex = الجنس
whom-attribute-gender = النوع الاجتماعي
whom-attribute-nationality = الجنسية
whom-attribute-migration-status = وضع الهجرة
whom-attribute-population = الفئة السكانية
whom-attribute-residence-area = مكان الإقامة
whom-attribute-registration = التسجيل
whom-attribute-family-situation = الوضع العائلي
whom-attribute-health = الصحة
whom-attribute-language = اللغة
whom-attribute-income = الدخل
whom-attribute-referral-origin = الجهة المحيلة
whom-attribute-everybody = الجميع
whom-attribute-other = أمر آخر
whom-status-asylum-seeker = طلب اللجوء
whom-status-asylum-seeker-rejected = رُفض طلب لجوئه
whom-status-citizen = مواطن
whom-status-resident-regular = مقيم بصورة نظامية
whom-status-student-regular = طالب لديه تصريح
whom-status-worker-regular = عامل لديه تصريح
whom-status-irregular-entry = دخل دون إذن
whom-status-irregular-overstay = تجاوز مدة الإقامة المسموحة
whom-status-refugee = لاجئ
whom-status-stateless = عديم الجنسية
whom-status-other = غير ذلك
whom-status-dont-know = غير معروف
whom-status-refused = غير مذكور
