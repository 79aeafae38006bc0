find-title = البحث عن خدمة
find-search = بحث
find-need = ما المطلوب
find-any-need = أي شيء
find-near = أين
find-text = كلمات
find-button = ابحث
find-person = هل تناسب هذا الشخص؟
find-person-label = عن هذا الشخص
find-person-kept = يُستعمل لهذا البحث فقط. لا يُحفظ في أي مكان ولا يظهر في أي عنوان.
find-age = العمر بالسنوات
find-bad-age = اكتب العمر بعدد السنوات، مثل 17
find-speaks = اللغة التي يتكلمها
find-speaks-help = رمزها القصير، مثل ar أو fr أو sw
find-sex = الجنس
find-sex-female = أنثى
find-sex-male = ذكر
find-sex-other = آخر
find-population = ما ينطبق أيضاً، بقدر ما هو معروف
find-check = تحقق من الملاءمة
find-count = { $count ->
    [zero] لا خدمات
    [one] خدمة واحدة
    [two] خدمتان
    [few] { $count } خدمات
    [many] { $count } خدمة
   *[other] { $count } خدمة
}
find-some = { $count } من الخدمات
find-left-out = { $count ->
    [zero] لم يُستبعد شيء.
    [one] استُبعدت خدمة أخرى: قواعدها لا تسمح لهذا الشخص.
    [two] استُبعدت خدمتان أخريان: قواعدهما لا تسمح لهذا الشخص.
    [few] استُبعدت { $count } خدمات أخرى: قواعدها لا تسمح لهذا الشخص.
    [many] استُبعدت { $count } خدمة أخرى: قواعدها لا تسمح لهذا الشخص.
   *[other] استُبعدت { $count } خدمة أخرى: قواعدها لا تسمح لهذا الشخص.
}
find-nothing = لم يُعثر على شيء
find-empty-directory = الدليل لا يحوي خدمات بعد. القائمون عليه يضيفونها.
find-no-such-place = لا مكان هنا باسم «{ $place }». اختر مكاناً من القائمة أو اتركه فارغاً.
find-blame-text = الكلمات هي التي لا تترك شيئاً.
find-blame-service = الحاجة هي التي لا تترك شيئاً.
find-blame-near = المكان هو الذي لا يترك شيئاً.
find-blame-person = هناك خدمات، وقواعد كل منها لا تسمح لهذا الشخص.
find-blame-doubtful = ما هو موجود لم يُتحقق منه منذ زمن طويل. تأكد قبل إحالة أحد إليه.
find-blame-several = لا يُعثر على شيء إلا بإزالة عدة مرشحات. أزلها واحداً بعد آخر.
find-without-text = { $count ->
    [1000] ما لا يقل عن { $count } بدون الكلمات
    [zero] لا شيء بدون الكلمات
    [one] واحدة بدون الكلمات
    [two] اثنتان بدون الكلمات
    [few] { $count } بدون الكلمات
    [many] { $count } بدون الكلمات
   *[other] { $count } بدون الكلمات
}
find-without-service = { $count ->
    [1000] ما لا يقل عن { $count } لأي حاجة
    [zero] لا شيء لأي حاجة
    [one] واحدة لأي حاجة
    [two] اثنتان لأي حاجة
    [few] { $count } لأي حاجة
    [many] { $count } لأي حاجة
   *[other] { $count } لأي حاجة
}
find-without-near = { $count ->
    [1000] ما لا يقل عن { $count } في أي مكان
    [zero] لا شيء في أي مكان
    [one] واحدة في أي مكان
    [two] اثنتان في أي مكان
    [few] { $count } في أي مكان
    [many] { $count } في أي مكان
   *[other] { $count } في أي مكان
}
find-without-person = { $count ->
    [1000] ما لا يقل عن { $count } لأي شخص
    [zero] لا شيء لأي شخص
    [one] واحدة لأي شخص
    [two] اثنتان لأي شخص
    [few] { $count } لأي شخص
    [many] { $count } لأي شخص
   *[other] { $count } لأي شخص
}
find-without-doubtful = { $count ->
    [1000] ما لا يقل عن { $count } لم يتحقق منها أحد مؤخراً
    [zero] لا شيء لم يُتحقق منه مؤخراً
    [one] واحدة لم يتحقق منها أحد مؤخراً
    [two] اثنتان لم يتحقق منهما أحد مؤخراً
    [few] { $count } لم يتحقق منها أحد مؤخراً
    [many] { $count } لم يتحقق منها أحد مؤخراً
   *[other] { $count } لم يتحقق منها أحد مؤخراً
}
find-look = كيف تُحيل
find-reach = كيف تصل إليها
find-pages = صفحات النتائج
find-next = التالي
find-own-area = المعروض هو ما يخدم { $place }، حيث تعمل منظمتك.
find-own-area-without = اعرض كل شيء
find-within = على أي مسافة
find-within-any = ما يخدم المكان
find-within-km = ضمن { $km } كم
find-within-where = اختر مكاناً من القائمة للبحث حوله
find-away = { $km ->
    [0] على بعد أقل من 1 كم
   *[other] على بعد نحو { $km } كم
}
find-away-under = على بعد أقل من { $to } كم
find-away-between = على بعد بين { $from } و{ $to } كم
find-away-over = على بعد أكثر من { $from } كم
find-serves-remote = بالهاتف أو عبر الإنترنت
find-serves-country = تخدم البلد كله
find-serves-area = تخدم هذه المنطقة
find-blame-within = المسافة هي التي لا تترك شيئاً.
find-without-within = { $count ->
    [1000] ما لا يقل عن { $count } في أي مكان
    [zero] لا شيء في أي مكان
    [one] واحدة في أي مكان
    [two] اثنتان في أي مكان
    [few] { $count } في أي مكان
    [many] { $count } في أي مكان
   *[other] { $count } في أي مكان
}
map-view = طريقة العرض
map-list = قائمة
map-map = خريطة
map-title = خريطة النتائج
map-description = الأرقام هي أرقام القائمة. حيث تتلامس العلامات تحل محلها علامة واحدة تذكر عددها. القائمة تحوي كل شيء.
map-scale = { $length } كم
map-looks = مدى القرب
map-closer = عرض أقرب
map-farther = عرض أبعد
map-outside = { $count ->
    [zero] لا توجد خدمة من القائمة خارج هذا الجزء
    [one] خدمة واحدة من القائمة خارج هذا الجزء
    [two] خدمتان من القائمة خارج هذا الجزء
    [few] { $count } خدمات من القائمة خارج هذا الجزء
    [many] { $count } خدمة من القائمة خارج هذا الجزء
   *[other] { $count } خدمة من القائمة خارج هذا الجزء
}
map-several = { $count } من الخدمات متقاربة: { $names }
map-not-shown = المكان غير ظاهر على الخريطة
map-nothing = لا يمكن إظهار أي من هذه الأماكن على خريطة. القائمة تحويها كلها.
map-listed = ما عُثر عليه
map-disclaimer = الأرقام هي أرقام القائمة. ضلع المربع بطول الشريط. لا تظهر الحدود. المواقع كما ذكرها مقدمو الخدمات ولا تعني إقراراً بأي حدود أو اسم.
